/** `gantry diagnose`: what is wrong on this machine, what follows from it, and the command that mends it. Exits 1 unless all is well. */
import type { Diagnosis, Finding } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { wrap } from "../output/wrap.ts";
import type { Verb } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { parsePort } from "./parse-port.ts";

interface DiagnoseOptions {
  port?: string;
  fix?: boolean;
  json?: boolean;
}

const found = 1;
const marks: Record<Finding["severity"], string> = { error: pc.red("✗"), warning: pc.yellow("!"), note: pc.cyan("i") };

export const verb: Verb = (command, context) => {
  command
    .option("--port <number>", "also tell who listens on this port")
    .option("--fix", "mend what can be mended without touching anything that lives")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nLooks at all instances of this user. Exits 0 only when nothing was found (notes do not count) or everything was mended.\n\nExamples:\n  gantry diagnose\n  gantry diagnose --port 8765\n  gantry diagnose --fix",
    )
    .action(async ({ port, fix = false, json = false }: DiagnoseOptions) => {
      const { instance, configFile } = context.choice;
      const input = { fix, ...(port === undefined ? {} : { port: parsePort(port) }) };
      const diagnosis = await askOffline<Diagnosis>("instances.diagnostics", input, [
        ...(instance === undefined ? [] : ["--instance", instance]),
        ...(configFile === undefined ? [] : ["--config", configFile]),
      ]);
      if (!diagnosis.clean) context.exitWith(found);
      if (json) return printJson(diagnosis);
      process.stdout.write(diagnosis.findings.map(render).join("\n"));
      const { findings, checks, clean } = diagnosis;
      if (findings.length > 0) process.stdout.write("\n");
      const open = findings.filter(({ severity, fixed }) => severity !== "note" && !fixed);
      const fixable = open.filter((finding) => finding.fixable).length;
      const hint = fixable > 0 && !fix ? ` gantry diagnose --fix mends ${fixable === open.length ? "it" : `${fixable} of them`}.` : "";
      process.stderr.write(
        clean ? `All well: ${checks.length} checks made.\n` : `${open.length} found in ${checks.length} checks.${hint}\n`,
      );
    });
};

function render({ check, severity, instance, cause, consequence, remedy, fixed }: Finding): string {
  const mark = fixed ? pc.green("✓") : marks[severity];
  const place = instance === undefined ? check : `${check}, instance ${instance}`;
  // The remedy stays one line: it is there to be copied.
  const lines = [
    `${mark} ${pc.bold(wrap(plain(cause), "  ", 2))} ${pc.dim(`(${plain(place)})`)}`,
    `  ${wrap(plain(consequence), "  ", 2)}`,
  ];
  lines.push(fixed ? `  ${pc.green("Mended.")}` : `  ${pc.cyan("→")} ${plain(remedy)}`);
  return `${lines.join("\n")}\n`;
}
