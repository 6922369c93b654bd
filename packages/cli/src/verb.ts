/** The shape of every verb: one file that tells commander its arguments and does the work. */
import type { LocalClient } from "@gantry/client/node";
import type { Command } from "commander";

export interface VerbContext {
  /** What --instance and --config said. */
  choice: { instance?: string | undefined; configFile?: string | undefined };
  /**
   * Connects to the chosen instance; the frame closes it afterwards. One that does not run is started when its configuration asks for that
   * (`[daemon] autoStart`), and one that shares no protocol version is refused. `core`: for the few verbs that only look; they start nothing
   * and speak to every version.
   */
  connect(options?: { core?: boolean }): Promise<LocalClient>;
  /** The exit status when the verb ends without an error; 0 unless set. */
  exitWith(status: number): void;
}

/**
 * Adds arguments, options, examples, and the action to `command`, which already has its name, summary, and the common options.
 * A placeholder tells what it stands for, such as `<execution>`, `<session>`, or `<file>`, since completions go by it: see completions/names.ts.
 */
export type Verb = (command: Command, context: VerbContext) => void;

export interface VerbEntry {
  summary: string;
  /** Loads the verb's file; nothing else of the CLI is loaded for it. */
  load?: () => Promise<{ verb: Verb }>;
  /** Verbs below a noun. */
  verbs?: Record<string, VerbEntry>;
  /** Everything after the first argument belongs to what is run, even if it looks like an option. */
  passThrough?: boolean;
  /** For programs, not for people: left out of help and completions. */
  hidden?: boolean;
}
