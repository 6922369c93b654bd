/** `gantry providers template`: writes a provider that runs, to begin from. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import { GantryError } from "@gantry/contract/errors";

import type { Verb } from "../verb.ts";
import { pythonTemplate, typescriptTemplate } from "./template-texts.ts";

const languages = {
  ts: {
    file: "provider.ts",
    text: typescriptTemplate,
    hint: (file: string, _name: string) => `npm install @gantry/client zod && node ${file}`,
  },
  python: {
    file: "provider.py",
    text: pythonTemplate,
    hint: (file: string, name: string) =>
      `pip install "python-socketio[client]"\n  GANTRY_KEY=$(gantry keys create --role provider --provider ${name} ${name}-1) python3 ${file}`,
  },
};

interface TemplateOptions {
  lang: string;
  name: string;
  force?: boolean;
}

export const verb: Verb = (command) => {
  command
    .argument("[file]", "where to write it; - prints it (default: provider.ts or provider.py)")
    .requiredOption("-l, --lang <language>", "ts or python")
    .option("-n, --name <name>", "the provider's name", "my-provider")
    .option("--force", "write over a file that is there")
    .addHelpText(
      "after",
      "\nExamples:\n  gantry providers template --lang ts\n  gantry providers template --lang python weather.py --name weather",
    )
    .action(async (given: string | undefined, { lang, name, force = false }: TemplateOptions) => {
      if (!Object.hasOwn(languages, lang)) {
        throw new GantryError(
          "invalidArgument",
          `--lang ${JSON.stringify(lang)} is not offered; write one of: ${Object.keys(languages).join(", ")}.`,
        );
      }
      if (!/^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) {
        throw new GantryError("invalidArgument", `--name ${JSON.stringify(name)} must be letters, digits, and . _ - inside.`);
      }
      const { file: usual, text, hint } = languages[lang as keyof typeof languages];
      const file = given ?? usual;
      if (file === "-") {
        process.stdout.write(text(name));
        return;
      }
      try {
        await writeFile(file, text(name), { flag: force ? "w" : "wx" });
      } catch (cause) {
        const isThere = (cause as { code?: string }).code === "EEXIST";
        const why = isThere
          ? `${resolve(file)} is there already and was not touched; give another name or --force.`
          : (cause as Error).message;
        throw new GantryError(isThere ? "conflict" : "invalidArgument", why, { cause });
      }
      process.stderr.write(
        `Wrote ${file}. Start it beside a running instance:\n  ${hint(file, name)}\nThen:\n  gantry providers invoke ${name} greet --args '{"name":"Ada"}'\n`,
      );
    });
};
