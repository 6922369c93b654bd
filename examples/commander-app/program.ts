/** An ordinary Commander program: it knows nothing of Gantry. What it imports is what makes it slow to start. */
import { readFile } from "node:fs/promises";

import { Command, InvalidArgumentError } from "commander";
import { transformWithOxc } from "vite";
import { z } from "zod";

const Count = z.coerce.number().int().min(1).max(100);

function parseCount(text: string): number {
  const { data, error } = Count.safeParse(text);
  if (data === undefined) throw new InvalidArgumentError(error.issues[0]?.message ?? "It is not a count.");
  return data;
}

/** A new one each time, so that no run sees anything of another. */
export function createProgram(): Command {
  const program = new Command("notes").description("Says things about words and code").version("1.0.0");

  program
    .command("count")
    .description("Count the letters of some words")
    .argument("<words...>")
    .option("--times <n>", "say it so often", parseCount, 1)
    .action((words: string[], { times }: { times: number }) => {
      const letters = words.join("").length;
      for (let time = 0; time < times; time += 1) console.log(`${letters} letters`);
    });

  program
    .command("strip")
    .description("Print the JavaScript of a TypeScript file, named relative to the working folder")
    .argument("<file>")
    .action(async (file: string) => {
      const text = await readFile(file, "utf8").catch(() => program.error(`notes: there is no file ${file}`, { exitCode: 2 }));
      const { code } = await transformWithOxc(text, file);
      process.stdout.write(code);
      if (code.trim() === "") process.exitCode = 3;
    });

  program
    .command("complain")
    .description("Write to standard error and fail")
    .argument("[status]", "exit status", "4")
    .action((status: string) => {
      console.error("this is not good");
      process.exit(Number(status));
    });
  return program;
}
