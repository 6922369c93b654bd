/** The page's side of a login: takes the code of a link, exchanges it, and gives the login back. */
import type { Credential } from "@gantry/client";
import { csrfHeader, errorFromProblem, type Problem } from "@gantry/contract";

/** The code of the link that opened the page, taken out of the address before anything else can see it. */
export function takeCode(): string | undefined {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

/** Rejects with the daemon's own words when the code is spent or late. */
export async function redeem(code: string): Promise<Credential> {
  const response = await fetch("/login", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw errorFromProblem(answer as Problem);
  return { csrf: (answer as { csrf: string }).csrf };
}

/** Ends the login for good. What cannot be reached has ended already, or ends by its time. */
export async function endLogin({ csrf }: Credential): Promise<void> {
  if (csrf === undefined) return;
  await fetch("/logout", { method: "POST", headers: { "content-type": "application/json", [csrfHeader]: csrf }, body: "{}" }).catch(
    () => undefined,
  );
}

export function credentialHeaders({ key, csrf }: Credential): Record<string, string> {
  return csrf === undefined ? { authorization: `Bearer ${key}` } : { [csrfHeader]: csrf };
}
