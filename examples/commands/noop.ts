/** Does nothing: what is left is the cost of running a command at all. */
import { defineCommand } from "@gantry/client/command";

export default defineCommand({ name: "noop", summary: "Do nothing", run: () => undefined });
