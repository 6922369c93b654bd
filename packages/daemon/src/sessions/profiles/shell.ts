/** The owner's own shell. */
import type { ProfileDefinition } from "./definition.ts";

export function shellProfile(shell: string): ProfileDefinition {
  return {
    name: "shell",
    binary: shell,
    install: "set SHELL to a shell that is there",
    help: [],
    args: [],
    optionalArgs: [],
    env: {},
    kind: "shell",
    rules: [],
    interruptKey: "ctrl-c",
  };
}
