/** Others' keystrokes beside a session that prints one hostile sequence after another. */
import { defineBenchmark } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import { createEcho } from "./terminal/echo.ts";

const huge = "2147483647";
const attacks = [
  ...Array.from("bILMSTZ@PX", (final) => `printf 'a\\033[${huge}${final}'`),
  "printf '\\033]0;'; head -c 30000000 /dev/zero | tr '\\0' x; printf '\\007'",
  "printf '\\033]52;c;?\\007'",
  "head -c 1000000 /dev/urandom",
];

export default defineBenchmark({
  name: "terminal-hostile",
  summary: "one key at a time to a terminal while another session prints hostile escape sequences without end (milliseconds)",
  unit: "ms",
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers();
    const echo = createEcho(await servers.openGantry(["cat"]), 200);
    const evil = await servers.openGantry(["bash", "-c", `while :; do ${attacks.join("; ")}; done`]);
    evil.onOutput(() => undefined);
    return { contenders: { gantry: echo }, close: () => servers.close() };
  },
  targets: [
    { what: "echo p50 beside it", value: (figures) => figures["gantry.p50Ms"] as number, atMost: 50, unit: "ms" },
    { what: "echo p99 beside it", value: (figures) => figures["gantry.p99Ms"] as number, atMost: 100, unit: "ms" },
  ],
});
