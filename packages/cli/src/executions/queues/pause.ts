/** `gantry queue pause`: nothing more of a queue begins until it is resumed. */
import { forEach } from "../../each.ts";
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";
import { chosenQueues, type QueueChoice } from "./chosen-queues.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("[queue...]", "the default queue unless given")
    .option("--all", "every queue")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nWhat runs is finished. The pause holds over restarts, until: gantry queue resume\n\nExamples:\n  gantry queue pause\n  gantry queue pause builds\n  gantry queue pause --all",
    )
    .action(async (names: string[], choice: QueueChoice) => {
      const local = await context.connect();
      const chosen = await chosenQueues(local, names, choice);
      const { items, failures } = await forEach(chosen, (name) => local.client.queues.pause({ name }), context);
      if (choice.json === true) printJson({ items, failures });
      else
        for (const { name, queued, running } of items)
          process.stderr.write(`Queue ${name} is paused: ${running} running, ${queued} waiting.\n`);
    });
};
