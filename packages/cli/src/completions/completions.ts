/** `gantry completions`: the script that makes a shell ask `gantry complete` at every Tab. */
import { Argument } from "commander";

import type { Verb } from "../verb.ts";
import { scripts, type Shell } from "./scripts.ts";

export const verb: Verb = (command) => {
  command
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(scripts)))
    .addHelpText(
      "after",
      `
Names of instances, commands, executions, sessions, and the like come from the running daemon.

To have completions in every new shell:
  bash  echo 'source <(gantry completions bash)' >> ~/.bashrc
  zsh   echo 'source <(gantry completions zsh)' >> ~/.zshrc
  fish  gantry completions fish > ~/.config/fish/completions/gantry.fish`,
    )
    .action((shell: Shell) => void process.stdout.write(scripts[shell]));
};
