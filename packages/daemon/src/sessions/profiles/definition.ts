/** What a profile is: how to find a program, what to start it with, and how to read what it is doing. Profiles are data. */
import type { ScreenRule } from "../../host/interface.ts";
import type { StreamStates } from "./stream-states.ts";

export interface ProfileDefinition {
  name: string;
  /** Looked up on the PATH, unless it is absolute. */
  binary: string;
  /** Where installers put it besides the PATH; `~/` is the owner's home. */
  places?: readonly string[] | undefined;
  /** Completes the sentence "Install it with: …". */
  install: string;
  /** Argument lists whose outputs together name every flag and subcommand below. None: the program is not asked for anything. */
  help: readonly (readonly string[])[];
  args: readonly string[];
  /** Of the configuration: taken as they are. */
  ownArgs?: readonly string[] | undefined;
  /** Left out where the version found does not know them. */
  optionalArgs: readonly string[];
  resume?: { latest: readonly string[]; /** `{id}` becomes the conversation's. */ one: readonly string[] } | undefined;
  /** For mode `pipe`: a line protocol of JSON instead of a screen. */
  headless?: readonly string[] | undefined;
  /** What it says of itself there. */
  stream?: StreamStates | undefined;
  /** Never used unless asked for. */
  fullAccess?: readonly string[] | undefined;
  /** The profile is configured so. */
  alwaysFullAccess?: boolean | undefined;
  env: Readonly<Record<string, string>>;
  /** Whose form of hooks it understands. */
  hooks?: "claude" | "gemini" | undefined;
  /** It is signed in when one of these exists. */
  signIn?: { files: readonly string[]; env: readonly string[] } | undefined;
  /** Agents are watched, and have prompts. A shell is watched by what it has in the foreground. */
  kind: "agent" | "shell";
  rules: readonly ScreenRule[];
  /** The version that the rules and flags were written for and tried with. */
  triedWith?: string | undefined;
  /** Stops a turn. */
  interruptKey: "escape" | "ctrl-c";
}
