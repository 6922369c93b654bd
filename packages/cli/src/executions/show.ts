/** `gantry show`: everything known about one execution but its output. */
import type { Attempt } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatBytes, formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<execution>", "as printed by gantry ps and gantry history")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry show exe_…\n  gantry show --json exe_…")
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
        ["queue", execution.queue],
        ["again of", execution.retryOf ?? undefined],
        ["begins at", state === "scheduled" ? (execution.dueAt ?? undefined) : undefined],
        ["expires at", execution.startedAt === null && execution.endedAt === null ? (execution.expiresAt ?? undefined) : undefined],
        ["tags", execution.tags.length === 0 ? undefined : execution.tags.join(", ")],
        ["created", execution.createdAt],
        ["waited", queuedMs === null ? undefined : formatDuration(queuedMs)],
        ["took", durationMs === null ? undefined : `${formatDuration(durationMs)} of at most ${formatDuration(execution.timeoutMs)}`],
        [
          "dropped",
          execution.outputDroppedBytes > 0 ? `${formatBytes(execution.outputDroppedBytes)} from the middle of the output` : undefined,
        ],
        ["output", `${formatBytes(execution.outputBytes)}; read it with: gantry output ${id}`],
        ...execution.leftovers.map(({ pid, command: program }): [string, string] => ["left behind", `process ${pid} (${program})`]),
        ...attempts
          .filter(() => attempts.length > 1 || execution.retries > 0)
          .map((attempt): [string, string] => [`attempt ${attempt.attempt}`, attemptText(attempt)]),
      ];
      const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
      const width = Math.max(...shown.map(([label]) => label.length));
      for (const [label, value] of shown) {
        const text = plain(value).replaceAll("\n", `\n${" ".repeat(width + 2)}`);
        process.stdout.write(`${pc.dim(label.padEnd(width))}  ${text}\n`);
      }
    });
};

function attemptText({ state, startedAt, endedAt, exitCode, signal, error }: Attempt): string {
  const took = endedAt === null ? undefined : `took ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`;
  const ended = signal ?? (exitCode === null ? undefined : `exit code ${exitCode}`);
  return [state, ended, `begun ${startedAt}`, took, error?.message.split("\n")[0]].filter((part) => part !== undefined).join(", ");
}
