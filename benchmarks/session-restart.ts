/** How long after the daemon's death its sessions are back: from the start of the new daemon's process, and from its being ready. */
import { createClient } from "@gantry/client";

import { defineBenchmark } from "./harness.ts";
import { startDaemon } from "./relay/children.ts";
import { attachTo, waitFor } from "./terminal/contenders.ts";

const sessions = 10;

export default defineBenchmark({
  name: "session-restart",
  summary: `kill -9 the daemon with ${sessions} sessions, start it again, and attach to each at the offset where its client stood (milliseconds)`,
  unit: "ms",
  async prepare() {
    const daemon = await startDaemon();
    const names = Array.from({ length: sessions }, (_, index) => `s${index}`);
    const client = () => createClient({ url: daemon.url, key: daemon.key });
    const offsets = new Map(names.map((name) => [name, 0]));
    for (const name of names) await client().sessions.open({ argv: ["cat"], name, cwd: "/", settleMs: 0 });
    let round = 0;
    /** Types into each and resolves when all have answered from where they stood. */
    const speak = async () => {
      round += 1;
      let back = 0;
      await Promise.all(
        names.map(async (name) => {
          const terminal = await attachTo(daemon, name, { since: String(offsets.get(name)) });
          const word = `round-${round}`;
          const answered = waitFor(terminal, `${word}\r\n${word}\r\n`);
          terminal.type(`${word}\r`);
          await answered;
          if (terminal.snapshots === 0 && terminal.firstOffset === offsets.get(name)) back += 1;
          offsets.set(name, terminal.offset ?? 0);
          await terminal.close();
        }),
      );
      return back;
    };
    await speak();
    return {
      contenders: {
        async gantry() {
          const begin = performance.now();
          await daemon.killAndRestart();
          const ready = performance.now();
          const back = await speak();
          const end = performance.now();
          return { wholeMs: end - begin, readyMs: ready - begin, attachMs: end - ready, backPercent: (back / sessions) * 100 };
        },
      },
      async close() {
        for (const name of names) await client().sessions.kill({ id: name });
        await daemon.stop();
      },
    };
  },
  targets: [
    { what: "sessions back, without a gap", value: (figures) => figures["gantry.backPercent"] as number, atLeast: 100, unit: "%" },
    {
      what: "all attached and answering, from the daemon's being ready",
      value: (figures) => figures["gantry.attachMs"] as number,
      atMost: 500,
      unit: "ms",
    },
    { what: "the same from the kill, with the start of Node", value: (figures) => figures["gantry.wholeMs"] as number, unit: "ms" },
  ],
});
