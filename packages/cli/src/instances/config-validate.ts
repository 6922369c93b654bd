/** `gantry config validate`: says that the configuration is right, or what is wrong with it and exits 78. */
import type { Verb } from "../verb.ts";
import { readConfig } from "./read-config.ts";

export const verb: Verb = (command, context) => {
  command.addHelpText("after", "\nExample:\n  gantry config validate --config ./gantry.toml").action(async () => {
    const { configFile } = await readConfig(context.choice);
    process.stderr.write(`The configuration is valid: ${configFile ?? "no file, defaults only"}.\n`);
  });
};
