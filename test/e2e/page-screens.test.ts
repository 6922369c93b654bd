/** What the page shows of programs is what they painted: cell by cell, typed by a real Chromium's keyboard, live, late, and replayed. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseCast } from "@gantry/contract/cast";
import { afterAll, expect, test, type TestContext } from "vitest";

import { attachOverWebSocket } from "../support/attach.ts";
import { startBareTerminal } from "../support/bare-terminal.ts";
import { htop, less, need, tmux, vim } from "../support/not-run.ts";
import { pageSize, terminalIn } from "../support/page-terminal.ts";
import { lessScene, playScene, type Scene, tmuxScene, vimScene } from "../support/scenes.ts";
import { createTestTerminal, paintedBy } from "../support/terminal-cells.ts";
import { useSite } from "../support/site.ts";
import { until } from "../support/until.ts";
import { sessionEnv } from "../support/user-terminal.ts";
import { signIn } from "../support/visit.ts";
import { writeFakeAgent } from "../support/write-fake-agent.ts";

/** The scripted agent's program must be there before its profile is read. */
let programs = "";
const site = useSite(async () => {
  programs = await mkdtemp(join(tmpdir(), "gantry-agents-"));
  return { config: `[profile.fake]\nextends = "claude"\nbinary = "${await writeFakeAgent(programs, "fake")}"\n` };
});
afterAll(() => programs !== "" && rm(programs, { recursive: true, force: true }));

async function compare(context: TestContext, scene: Scene): Promise<{ live: string[]; late: string[] }> {
  const shape = await pageSize(site, context);
  const [file = "", ...args] = scene.argv;
  const env = sessionEnv(site.daemon);
  await using bare = startBareTerminal(file, args, { ...shape, cwd: site.daemon.folder, env });
  await playScene(bare, scene);
  const wanted = paintedBy(bare.terminal);
  const { sessionId: id } = await site.daemon.client.sessions.open({ argv: scene.argv, cwd: site.daemon.folder, env, ...shape });
  const page = await site.visit(`/sessions/${id}`, context);
  await page.getByText("In control", { exact: true }).waitFor();
  const terminal = terminalIn(page);
  await playScene({ ...terminal, settles: () => Promise.resolve() }, scene);
  const live = await terminal.differencesFrom(wanted);
  await page.reload();
  await page.getByText("In control", { exact: true }).waitFor();
  const late = await terminal.differencesFrom(wanted);
  await site.daemon.client.sessions.kill({ id });
  return { live, late };
}

const none = { live: [], late: [] };

test("vim, with numbers, a search, and a split", { timeout: 90_000 }, async (context) => {
  need(context, vim);
  expect(await compare(context, await vimScene(site.daemon.folder))).toEqual(none);
});

test("less, with a search", { timeout: 90_000 }, async (context) => {
  need(context, less);
  expect(await compare(context, await lessScene(site.daemon.folder))).toEqual(none);
});

test("tmux, with two panes", { timeout: 90_000 }, async (context) => {
  need(context, tmux);
  expect(await compare(context, await tmuxScene(site.daemon.folder))).toEqual(none);
});

test("htop: the same bytes paint the same screen, live and late", { timeout: 90_000 }, async (context) => {
  need(context, htop);
  const shape = await pageSize(site, context);
  const { sessionId: id } = await site.daemon.client.sessions.open({ argv: ["htop", "-d", "5"], env: sessionEnv(site.daemon), ...shape });
  const page = await site.visit(`/sessions/${id}`, context);
  const terminal = terminalIn(page);
  await page.getByText("In control", { exact: true }).waitFor();
  await terminal.shows("F10Quit");
  // Its figures change all the time: stopped, it shows what it showed last.
  await site.daemon.client.sessions.signal({ id, signal: "SIGSTOP" });
  const whole = await attachOverWebSocket(site.daemon.url, site.daemon.key, id, { since: "0" });
  await until(
    "all of it has been sent",
    async () => (await site.daemon.client.sessions.get({ id })).outputBytes,
    (bytes) => bytes === whole.offset,
  );
  const bare = createTestTerminal(shape.cols, shape.rows);
  await new Promise<void>((resolve) => bare.write(whole.text(), resolve));
  whole.close();
  await whole.closed;
  const wanted = paintedBy(bare);
  expect(await terminal.differencesFrom(wanted)).toEqual([]);
  await page.reload();
  await page.getByText("In control", { exact: true }).waitFor();
  expect(await terminal.differencesFrom(wanted)).toEqual([]);
  await site.daemon.client.sessions.kill({ id });
});

test("a recording plays, pauses, moves both ways, and ends as the session did", async (context) => {
  const script = `printf 'caf\\303\\251 \\033[31mred\\033[0m\\n'; read -r line; stty size; printf '\\033[7mthe''-end'`;
  const { sessionId: id } = await site.daemon.client.sessions.open({ argv: ["bash", "-c", script], name: "taped", record: true });
  await site.daemon.client.sessions.resize({ id, cols: 61, rows: 17 });
  await site.daemon.client.sessions.send({ id, text: "go" });
  await until("it has ended", async () => (await site.daemon.client.sessions.get({ id })).state === "exited");
  const cast = parseCast(await site.daemon.client.sessions.recording({ id }));
  const bare = createTestTerminal(61, 17);
  const output = cast.events.flatMap(({ code, data }) => (code === "o" ? [data] : [])).join("");
  await new Promise<void>((resolve) => bare.write(output, resolve));

  const page = await site.visit(`/sessions/${id}`, context);
  // An hour of silence, which no test can sit through by accident.
  await page.route("**/recording*", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/^\[[\d.]+(?=.*"o".*17 61)/m, "[3600") });
  });
  await page.getByRole("button", { name: "Recording" }).click();
  const recording = terminalIn(page, "Recording");
  await recording.shows("café red");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  const text = async () => (await recording.painted()).cells.map((cell) => cell[1]).join("");
  expect(await text()).not.toContain("the-end");

  const position = page.getByRole("slider", { name: "Position" });
  await position.press("End");
  expect(await recording.differencesFrom(paintedBy(bare))).toEqual([]);
  await recording.shows("17 61");
  await position.press("Home");
  await until("the end is not shown yet", async () => !(await text()).includes("the-end"));
  expect(await recording.painted()).toMatchObject({ cols: 80, rows: 24 });

  const lengths = page.getByText(/^\d\d:\d\d \/ [\d:]+$/);
  expect(await lengths.innerText()).toMatch(/^00:00 \/ 1:00:\d\d$/);
  await page.getByLabel("Silences").selectOption("200");
  expect(await lengths.innerText()).toMatch(/\/ 00:\d\d$/);
  await page.getByLabel("Speed").selectOption("16");
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await recording.shows("the-end");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  expect(await recording.differencesFrom(paintedBy(bare))).toEqual([]);

  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await position.waitFor();
  await page.getByRole("button", { name: "Recording" }).click();
  await position.waitFor({ state: "detached" });
  await terminalIn(page).shows("the-end");
});

test("the form offers the profiles that are there, and says of the others what is missing", async (context) => {
  const { items } = await site.daemon.client.sessions.profiles({});
  const page = await site.visit("/sessions", context);
  await page.getByRole("button", { name: "Open a session" }).first().click();
  await page.getByText("A profile", { exact: true }).click();
  const select = page.getByRole("dialog").getByRole("combobox", { name: "Profile" });
  await select.locator("option[value=shell]").waitFor({ state: "attached" });
  for (const { name, available, problems } of items) {
    const option = select.locator(`option[value=${name}]`);
    expect(await option.isDisabled()).toBe(!available);
    expect(await option.innerText()).toContain(available ? name : problems[0]);
  }
  await select.selectOption("shell");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await page.getByText("In control", { exact: true }).waitFor();
  const [opened] = (await site.daemon.client.sessions.list({ live: true })).items;
  expect(opened?.profile).toBe("shell");
  await site.daemon.client.sessions.kill({ id: opened?.sessionId as string });
});

test("an agent's prompts: sent, seen in order as they change, taken out of the queue; a viewer only sees them", async (context) => {
  const { sessions } = site.daemon.client;
  const { sessionId: id } = await sessions.open({ profile: "fake", name: "agent", cwd: site.daemon.folder });
  const go = join(site.daemon.folder, "go");
  const page = await site.visit(`/sessions/${id}`, context);
  await page.getByRole("button", { name: "Prompts", exact: true }).click();
  const panel = page.getByRole("complementary", { name: "Prompts" });
  await panel.getByText("None yet.").waitFor();
  await panel.getByText("idle").waitFor({ timeout: 20_000 });
  const field = panel.getByRole("textbox", { name: "Prompt" });
  await field.fill(`until ${go}`);
  await field.press("Enter");
  const prompts = panel.getByRole("list", { name: "Prompts" }).getByRole("listitem");
  await prompts.filter({ hasText: "at work" }).waitFor();
  await panel.getByText("working").waitFor();

  await field.fill("say second");
  await field.press("Shift+Enter");
  await page.keyboard.type("of two lines");
  await panel.getByRole("button", { name: "Send the prompt" }).click();
  await prompts.filter({ hasText: "next" }).waitFor();
  await sessions.submitPrompt({ id, text: "say never" });
  await prompts.filter({ hasText: "2. in line" }).waitFor();
  expect(await prompts.locator("button[title='Show all of it']").allInnerTexts()).toEqual([
    `until ${go}`,
    "say second\nof two lines",
    "say never",
  ]);
  await page.getByRole("button", { name: "Prompts 2" }).waitFor();

  const { key } = await site.daemon.client.access.createKey({ name: "looker", role: "viewer" });
  const other = await site.browser.open(`${site.daemon.url}/ui/sessions`);
  context.onTestFinished(() => other.close());
  // A tab of its own: the key is the tab's.
  await signIn(other, key);
  await other.getByRole("list", { name: "Sessions" }).getByText("2 prompts waiting").waitFor();
  await other.getByRole("link", { name: "agent" }).click();
  const seen = other.getByRole("complementary", { name: "Prompts" });
  await seen.getByText("say never").waitFor();
  expect(await seen.getByRole("textbox").count()).toBe(0);
  expect(await seen.getByRole("button", { name: /queue/ }).count()).toBe(0);

  await panel.getByRole("button", { name: "Take out of the queue: say never" }).click();
  await seen.getByText("cancelled").waitFor();
  await writeFile(go, "the page");
  await until("both turns are over", async () => (await prompts.filter({ hasText: "done" }).count()) === 2, Boolean, { timeoutMs: 20_000 });
  await prompts.first().getByTitle("Show all of it").click();
  await page.getByRole("dialog").getByText("saw it in the page").waitFor();
  await page.keyboard.press("Escape");
  expect((await sessions.prompts({ id })).items.map(({ state }) => state)).toEqual(["done", "done", "cancelled"]);

  await page.setViewportSize({ width: 390, height: 844 });
  await field.waitFor();
  expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await panel.getByRole("button", { name: "Close the prompts" }).click();
  await field.waitFor({ state: "detached" });
  await sessions.kill({ id });
});
