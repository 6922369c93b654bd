/** What a session is called where there is room for one word. */
import type { Session } from "@gantry/contract";

export function nameOf({ name, title, argv, sessionId }: Pick<Session, "name" | "title" | "argv" | "sessionId">): string {
  return name ?? (title !== "" ? title : (argv[0]?.split("/").at(-1) ?? sessionId));
}
