/** What a diagnosis says of process hosts of another version, as a daemon after an upgrade tells of them. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type ControlRequest, decodeJsonPayload, encodeJsonFrame, FrameDecoder, resolvePaths } from "@gantry/contract";
import { expect, test } from "vitest";

import { hosts } from "./hosts.ts";

test("a host that drains is noted while it has programs, and one that fits is not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-hosts-"));
  const paths = {
    ...resolvePaths("default", { env: { GANTRY_HOME: folder }, homeDirectory: folder }),
    controlSocket: join(folder, "c.sock"),
  };
  const items = [
    { number: 1, pid: 41, version: "0.0.9", running: 2, draining: true },
    { number: 2, pid: 42, version: "0.0.9", running: 0, draining: true },
    { number: 3, pid: 43, version: "0.1.0", running: 5, draining: false },
  ];
  const asked: string[] = [];
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    socket.on("data", (bytes: Buffer) => {
      for (const { channel, payload } of decoder.push(bytes)) {
        asked.push((decodeJsonPayload(payload) as ControlRequest).op);
        socket.write(encodeJsonFrame(channel, { output: { items } }));
      }
    });
  }).listen(paths.controlSocket);
  await once(server, "listening");
  try {
    const siblings = [{ instance: "default", paths, record: undefined, process: "alive" as const }];
    const scene = { inputs: { env: {}, homeDirectory: folder }, siblings, chosen: "default", config: { problem: "" }, port: undefined };
    const found = await hosts.look({ ...scene, sightHosts: () => [], version: "0.1.0" });
    expect(asked).toEqual(["sessions.hosts"]);
    expect(found).toMatchObject([
      { severity: "note", instance: "default", cause: expect.stringMatching(/host 1 \(process 41\) is of version 0\.0\.9 and keeps 2/) },
    ]);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
