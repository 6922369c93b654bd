import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { expect, test } from "vitest";

import { startTestBrowser } from "../support/browser.ts";
import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { chromium, need, tmux as needsTmux } from "../support/not-run.ts";
import { startTmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

type CastLine = [number, string, string];

const linesOf = (cast: string) =>
  cast
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as CastLine);
const outputOf = (cast: string) =>
  linesOf(cast)
    .slice(1)
    .filter(([, code]) => code === "o")
    .map(([, , data]) => data)
    .join("");

/** Prints in pieces that cut characters and sequences in two, over an end of the daemon. */
async function recordOver(daemon: TestDaemon): Promise<string> {
  const script = `printf 'caf\\303'; sleep 0.1; printf '\\251 \\033[3'; sleep 0.1; printf '1mred\\033[0m\\n'; read -r line; echo "read $line"; stty size; exit 3`;
  const { sessionId, recording } = await daemon.client.sessions.open({
    argv: ["bash", "-c", script],
    name: "taped",
    record: true,
    recordInput: true,
  });
  expect(recording).toBe(true);
  await until("it has printed", async () => (await daemon.client.sessions.screen({ id: sessionId })).includes("café red"));
  await daemon.kill9();
  await daemon.restart();
  await daemon.client.sessions.resize({ id: sessionId, cols: 91, rows: 27 });
  await daemon.client.sessions.send({ id: sessionId, text: "wörds" });
  await until("it has ended", async () => (await daemon.client.sessions.get({ id: sessionId })).state === "exited");
  return sessionId;
}

test("a recording survives the daemon and comes as asciicast v3 and v2, text, and HTML", async () => {
  await using daemon = await startTestDaemon();
  const id = await recordOver(daemon);
  const { sessions } = daemon.client;
  const cast3 = await sessions.recording({ id });
  const [header, ...events] = linesOf(cast3);
  expect(header).toMatchObject({ version: 3, term: { cols: 80, rows: 24 }, title: "taped" });
  expect(outputOf(cast3)).toContain("café \u001b[31mred\u001b[0m\r\n");
  expect(outputOf(cast3)).toContain("27 91");
  expect(events).toContainEqual([expect.any(Number), "r", "91x27"]);
  expect(
    events
      .filter(([, code]) => code === "i")
      .map(([, , data]) => data)
      .join(""),
  ).toBe("wörds\r");
  expect(events.at(-1)).toEqual([expect.any(Number), "x", "3"]);
  const cast2 = linesOf(await sessions.recording({ id, format: "cast2" }));
  expect(cast2[0]).toMatchObject({ version: 2, width: 80, height: 24 });
  expect(cast2.slice(1).map(([seconds]) => seconds)).toEqual(
    cast2
      .slice(1)
      .map(([seconds]) => seconds)
      .toSorted((one, other) => one - other),
  );
  expect(await sessions.recording({ id, format: "text" })).toMatch(/^café red\n.*wörds\nread wörds\n27 91\n$/s);
  expect(await sessions.recording({ id, format: "html" })).toContain("café");
  const exported = await daemon.cli(["sessions", "export", "taped", "-o", "taped.cast"]);
  expect(exported).toMatchObject({ exitCode: 0, stdout: "" });
  expect(await readFile(join(daemon.folder, "taped.cast"), "utf8")).toBe(cast3);
  expect((await daemon.cli(["sessions", "replay", "taped"])).stdout).toBe(outputOf(cast3));
  expect((await daemon.cli(["sessions", "export", "taped", "--format", "gif"])).exitCode).toBe(64);
  await sessions.open({ argv: ["cat"], name: "private" });
  await expect(sessions.recording({ id: "private" })).rejects.toMatchObject({
    code: "notFound",
    message: expect.stringContaining("--record") as string,
  });
  await writeFile(join(daemon.folder, "other.cast"), "no cast\n");
  expect(await daemon.cli(["sessions", "replay", "./other.cast"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("no asciicast") as string,
  });
});

test("a recording stops at its limit while the session goes on, and the oldest recordings give way", async () => {
  await using daemon = await startTestDaemon({ config: "[sessions]\nrecord = true\nrecordLimitBytes = 20000\nrecordTotalBytes = 30000\n" });
  const { sessions } = daemon.client;
  const ids: string[] = [];
  for (let count = 0; count < 3; count += 1) {
    const { sessionId } = await sessions.open({ argv: ["bash", "-c", "seq 1 20000; echo the''-end"] });
    await until("it has ended", async () => (await sessions.get({ id: sessionId })).state === "exited");
    ids.push(sessionId);
  }
  const cast = await sessions.recording({ id: ids[2] as string });
  expect(cast.length).toBeLessThan(40_000);
  expect(cast).toContain("size limit");
  expect(cast).not.toContain("the-end");
  expect(linesOf(cast).at(-1)?.slice(1)).toEqual(["x", "0"]);
  expect(await sessions.screen({ id: ids[2] as string })).toContain("the-end");
  expect(await sessions.cleanup({})).toMatchObject({ recordingsRemoved: 2 });
  await expect(sessions.recording({ id: ids[0] as string })).rejects.toMatchObject({
    message: expect.stringContaining("no longer kept") as string,
  });
  await expect(sessions.recording({ id: ids[2] as string })).resolves.toContain('"version":3');
});

test("replay in a terminal: its own time, pause, steps, the end, and the terminal as before", async (context) => {
  need(context, needsTmux);
  await using daemon = await startTestDaemon();
  const events = [
    [0, "o", "\u001b[?1049h\u001b[?25lone "],
    [0.2, "o", "two "],
    [3600, "o", "three "],
    [3600, "o", "four "],
    [3600, "o", "five"],
  ];
  const cast = [{ version: 3, term: { cols: 80, rows: 24 } }, ...events].map((line) => JSON.stringify(line)).join("\n");
  await writeFile(join(daemon.folder, "long.cast"), `${cast}\n`);
  using tmux = startTmux(daemon.folder, ["bash", "--norc"], daemon.env);
  const replay = `${process.execPath} ${repository}/packages/cli/bin/gantry.js sessions replay ./long.cast`;
  tmux.type(replay);
  tmux.keys("Enter");
  await tmux.shows("one two");
  expect(tmux.fact("alternate_on")).toBe("1");
  tmux.keys("Space", ".");
  await tmux.shows("two three");
  expect(tmux.screen()).not.toContain("four");
  tmux.type("q");
  await tmux.shows("[stopped]");
  await until(
    "the terminal is as before",
    () => `${tmux.fact("alternate_on")}${tmux.fact("cursor_flag")}`,
    (facts) => facts === "01",
  );
  tmux.type(`${replay} --idle-limit 10ms; echo status-$?`);
  tmux.keys("Enter");
  await tmux.shows("[the recording ends here]");
  await tmux.shows("status-0");
});

test("asciinema's own player plays both versions", async (context) => {
  const executable = need(context, chromium);
  await using daemon = await startTestDaemon();
  const id = await recordOver(daemon);
  const bundle = join(repository, "node_modules/asciinema-player/dist/bundle");
  const files: Record<string, string> = {
    "/player.js": await readFile(join(bundle, "asciinema-player.min.js"), "utf8"),
    "/player.css": await readFile(join(bundle, "asciinema-player.css"), "utf8"),
    "/three.cast": await daemon.client.sessions.recording({ id }),
    "/two.cast": await daemon.client.sessions.recording({ id, format: "cast2" }),
  };
  const types: Record<string, string> = { js: "text/javascript", css: "text/css", cast: "text/plain" };
  const server = createServer((request, response) => {
    const path = request.url as string;
    const page = `<!doctype html><link rel=stylesheet href=/player.css><div id=view></div><script src=/player.js></script><script>
      AsciinemaPlayer.create("${path.slice(1)}.cast", document.querySelector("#view"), { autoPlay: true, speed: 20, idleTimeLimit: 0.1 })
        .addEventListener("ended", () => document.body.dataset.ended = "yes");</script>`;
    response.setHeader("content-type", types[path.split(".")[1] ?? ""] ?? "text/html");
    response.end(files[path] ?? (path === "/favicon.ico" ? "" : page));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  try {
    await using browser = await startTestBrowser(executable);
    for (const version of ["three", "two"]) {
      const page = await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${version}`);
      await page.waitForSelector("body[data-ended=yes]");
      const shown = await page
        .locator(".ap-term")
        .innerText()
        .then((text) => text.replaceAll(/\s+/g, " "));
      expect(shown).toContain("café red");
      expect(shown).toContain("read wörds");
      await page.close();
    }
    expect(browser.complaints).toEqual([]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
