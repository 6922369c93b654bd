/** `gantry queue resume`: what waits in a paused queue may begin again. */
import { forEach } from "../../each.ts";
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";
import { chosenQueues, type QueueChoice } from "./chosen-queues.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("[queue...]", "the default queue unless given")
    .option("--all", "every queue")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry queue resume\n  gantry queue resume builds\n  gantry queue resume --all")
    .action(async (names: string[], choice: QueueChoice) => {
      const local = await context.connect();
      const chosen = await chosenQueues(local, names, choice);
      const { items, failures } = await forEach(chosen, (name) => local.client.queues.resume({ name }), context);
      if (choice.json === true) {
        printJson({ items, failures });
        return;
      }
      for (const { name } of items) process.stderr.write(`Queue ${name} goes on.\n`);
      const left = (await local.client.queues.list()).items.filter(({ paused }) => paused);
      if (left.length > 0)
        process.stderr.write(`Still paused: ${left.map(({ name }) => name).join(", ")}. Resume all with: gantry queue resume --all\n`);
    });
};
