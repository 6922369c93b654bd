/** Succeeds at the second attempt: for seeing retries. */
import { defineCommand } from "@gantry/client/command";

export default defineCommand({
  name: "flaky",
  summary: "Fail at the first attempt and succeed at the second",
  retries: 2,
  retryDelayMs: 200,
  run(_input, { attempt }) {
    if (attempt === 1) throw new Error("the first attempt always fails");
    console.log(`attempt ${attempt} succeeded`);
  },
});
