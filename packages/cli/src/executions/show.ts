/** `gantry show`: everything known about one execution but its output. */
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatBytes, formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<id>", "as printed by gantry ps and gantry history")
    .option("--json", "print as JSON")
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const execution = await client.executions.get({ id });
      if (json === true) {
        printJson(execution);
        return;
      }
      const { command: name, state, error, exitCode, signal, durationMs, queuedMs, attempts } = execution;
      const ended = signal ?? (exitCode === null ? undefined : `exit code ${exitCode}`);
      const rows: [string, string | undefined][] = [
        ["command", name],
        ["state", ended === undefined ? state : `${state} (${ended})`],
        ["error", error === null ? undefined : (error.stack ?? `${error.name}: ${error.message}`)],
        ["input", JSON.stringify(execution.input)],
        ["result", execution.result === null ? undefined : JSON.stringify(execution.result)],
        ["folder", execution.cwd],
        ["started by", execution.owner],
        ["tags", execution.tags.length === 0 ? undefined : execution.tags.join(", ")],
        ["created", execution.createdAt],
        ["waited", queuedMs === null ? undefined : formatDuration(queuedMs)],
        ["took", durationMs === null ? undefined : `${formatDuration(durationMs)} of at most ${formatDuration(execution.timeoutMs)}`],
        ["output", `${formatBytes(execution.outputBytes)}; read it with: gantry output ${id}`],
        ...attempts
          .filter(() => attempts.length > 1)
          .map((attempt): [string, string] => [`attempt ${attempt.attempt}`, `${attempt.state}, begun ${attempt.startedAt}`]),
      ];
      const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
      const width = Math.max(...shown.map(([label]) => label.length));
      for (const [label, value] of shown) {
        const text = plain(value).replaceAll("\n", `\n${" ".repeat(width + 2)}`);
        process.stdout.write(`${pc.dim(label.padEnd(width))}  ${text}\n`);
      }
    });
};
