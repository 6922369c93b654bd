/** The page in a real Chromium against a real daemon: sign-in, commands, terminals, providers, hostile text, phone width. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { createProvider, defineMethod, ProviderError } from "@gantry/client/provider";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { z } from "zod";

import { repository } from "../support/repository.ts";
import { useSite } from "../support/site.ts";
import { until } from "../support/until.ts";
import { signIn } from "../support/visit.ts";

const hostile = "<img src=x onerror=alert(1)>";

const site = useSite(async () => ({
  // A fixed port, because the page must find the daemon again after a restart.
  flags: ["--port", String(await freePort())],
  config: `
[commands]
modules = ["${repository}/examples/commands/*.ts"]

[command.hostile]
summary = "${hostile}"
argv = ["printf", "%s\\\\n", "${hostile}"]

[command.forever]
argv = ["sleep", "600"]
`,
}));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const terminalText = (page: Page) => page.locator("section[aria-label=Terminal]:not([hidden]) .xterm-rows").innerText();
const shows = (page: Page, text: string) => until(`the terminal to show ${text}`, async () => (await terminalText(page)).includes(text));

test("a wrong key is refused with a message, a right one opens the page, and signing out forgets it", async (context) => {
  const page = await site.browser.open(`${site.daemon.url}/ui/`);
  context.onTestFinished(() => page.close());
  expect(await page.getByText("bootstrap.key").isVisible()).toBe(true);
  expect(await page.getByText("gantry keys create").isVisible()).toBe(true);
  await signIn(page, "gantry_nonsense");
  expect(await page.getByRole("alert").innerText()).toMatch(/key is not accepted/);
  // The browser itself reports each answer of 401.
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]);

  await signIn(page, site.daemon.key);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/");

  await page.getByRole("button", { name: "Settings and sign out" }).click();
  const [reference] = await Promise.all([page.waitForEvent("popup"), page.getByRole("menuitem", { name: "API reference" }).click()]);
  await reference.getByRole("heading", { name: "Gantry API" }).waitFor();
  await reference.close();

  await page.getByRole("button", { name: "Settings and sign out" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Key", { exact: true }).waitFor();
  expect(await page.evaluate("sessionStorage.getItem('gantry.key')")).toBeNull();
  expect(site.browser.complaints.splice(0)).toEqual([]);
});

test("the overview measures the daemon and tells what happens while it is open", async (context) => {
  const page = await site.visit("/", context);
  await page.getByText(`up `).first().waitFor();
  // Two measurements make a line.
  await page.locator("canvas").first().waitFor({ timeout: 15_000 });
  expect(await page.locator("canvas").count()).toBe(4);
  await site.daemon.client.executions.execute({ command: "greet", input: { name: "Ada" } });
  await page.getByText("execution.ended").first().waitFor();
  await page.getByRole("list", { name: "Executions" }).getByRole("link", { name: "greet" }).first().waitFor();
});

test("a command runs from its form, shows its output as it comes, and can be cancelled", async (context) => {
  const page = await site.visit("/commands", context);
  await page.getByRole("link", { name: "greet" }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.getByText("Needed").waitFor();
  await page.getByRole("textbox", { name: "name" }).fill("Ada");
  await page.keyboard.press("Enter");
  const output = page.getByRole("log", { name: "Output" });
  await output.getByText("Hello, Ada!").waitFor();
  await page.getByText("exit code 0").waitFor();
  expect(await output.innerText()).toBe("Hello, Ada!");

  await page.goto(`${site.daemon.url}/ui/commands/count`);
  await page.getByRole("textbox", { name: "to" }).fill("200");
  await page.getByRole("textbox", { name: "delayMs" }).fill("50");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await output.getByText("3", { exact: true }).waitFor();
  await page.getByText(/\d+ of 200/).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("region", { name: "This run" }).getByText("cancelled").waitFor();
});

test("the history filters, shows one execution, and tells a failure in its own words", async (context) => {
  await site.daemon.client.executions.execute({ command: "fail", input: {} });
  const page = await site.visit("/executions?state=failed", context);
  const list = page.getByRole("list", { name: "Executions" });
  await list.getByRole("link", { name: "fail" }).first().waitFor();
  expect(await list.getByText("succeeded").count()).toBe(0);
  await list.getByRole("link", { name: "fail" }).first().click();
  await page.getByText("this command always fails").first().waitFor();
  await page.getByRole("log", { name: "Output" }).getByText("about to fail").waitFor();

  await page.goto(`${site.daemon.url}/ui/executions/exe_01ARZ3NDEKTSV4RRFFQ69G5FAV`);
  await page.getByRole("alert").getByText(/req_/).waitFor();
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("404"))).toEqual([]);
});

test("a session is opened and typed into; two pages see the same bytes, and control moves between them", async (context) => {
  const first = await site.visit("/sessions", context);
  await first.getByRole("button", { name: "Open a session" }).click();
  await first.getByText("A program", { exact: true }).click();
  await first.getByLabel("Program and arguments").fill("sh");
  await first.getByRole("textbox", { name: "Name" }).fill("shared");
  await first.getByRole("button", { name: "Open", exact: true }).click();
  await first.getByText("In control").waitFor();
  await until("the prompt", async () => /[$#]/.test(await terminalText(first)));
  await first.keyboard.type("echo one-$((40 + 2))\n");
  await shows(first, "one-42");

  const second = await site.visit(new URL(first.url()).pathname.replace("/ui", ""), context);
  await second.getByText("Watching").waitFor();
  await shows(second, "one-42");
  await first.keyboard.type("echo both-$((1 + 1))\n");
  // Up to the next prompt: what was typed shows before what it prints.
  const seen = await until(
    "the output and the next prompt",
    () => terminalText(second),
    (text) => /both-2[^]*[$#]\s*$/.test(text),
  );
  // A browser does not paint a tab behind another.
  await first.bringToFront();
  await until("both to show the same", async () => (await terminalText(first)) === seen);
  await second.bringToFront();

  await second.getByRole("button", { name: "Take control" }).click();
  await first.getByText("Watching").waitFor();
  await second.getByText("In control").waitFor();
  await second.keyboard.type("echo from-$((1 + 1))\n");
  await first.bringToFront();
  await shows(first, "from-2");
  await second.bringToFront();

  await second.keyboard.press("Control+Shift+F");
  await second.getByRole("textbox", { name: "Search the scrollback" }).fill("one-42");
  await second.getByText("1/1").waitFor();
  expect(await second.getByRole("textbox", { name: "Search the scrollback" }).inputValue()).toBe("one-42");
  await second.keyboard.press("Escape");
  await second.keyboard.type("exit 7\n");
  await first.getByText("It ended with exit code 7.").waitFor();
  await second.getByText("It ended with exit code 7.").waitFor();
});

test("a terminal comes back by itself after the daemon restarts, with its text and its control", async (context) => {
  const { sessionId } = await site.daemon.client.sessions.open({ argv: ["cat"], name: "survivor" });
  const page = await site.visit(`/sessions/${sessionId}`, context);
  await page.getByText("In control").waitFor();
  await page.keyboard.type("before\n");
  await shows(page, "before");
  await site.daemon.restart();
  await page.getByText("Live", { exact: true }).waitFor({ timeout: 20_000 });
  await until(
    "the terminal to be attached again",
    async () => (await site.daemon.client.sessions.get({ id: sessionId })).viewers === 1,
    Boolean,
    {
      timeoutMs: 20_000,
    },
  );
  // The daemon knows of it a moment before the page does.
  await page.locator("section[aria-label=Terminal] [data-connection=open]").waitFor();
  await page.keyboard.type("after\n");
  await shows(page, "after");
  expect((await terminalText(page)).match(/before/g)).toHaveLength(2);
  await page.getByRole("button", { name: "More for this session" }).click();
  await page.getByRole("menuitem", { name: "End the session" }).click();
  await page.getByRole("button", { name: "End it" }).click();
  await page.getByText(/It ended/).waitFor();
  // While the daemon was away, the browser reported each attempt.
  expect(site.browser.complaints.splice(0).filter((text) => !/ERR_CONNECTION|WebSocket|503/.test(text))).toEqual([]);
});

test("providers are listed, checked, and called; a stream is shown as it comes", async (context) => {
  const provider = site.daemon.spawnProgram(process.execPath, [join(repository, "examples/calculator-ts/provider.ts")]);
  const page = await site.visit("/providers", context);
  await page.getByRole("link", { name: "calculator" }).click();
  await page.getByRole("textbox", { name: "a", exact: true }).fill("5");
  await page.getByRole("textbox", { name: "b", exact: true }).fill("3");
  await page.getByRole("button", { name: "Call" }).click();
  const answer = page.getByRole("region", { name: "Answer" });
  await answer.getByText("8", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Check health" }).click();
  await page.getByText(/measured in/).waitFor();

  await page.getByText("count", { exact: true }).click();
  await page.getByRole("textbox", { name: "to" }).fill("100");
  await page.getByRole("textbox", { name: "delayMs" }).fill("100");
  await page.getByRole("button", { name: "Call" }).click();
  await answer.getByText(/[3-9] chunks/).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await answer.getByText("cancelled").waitFor();
  // The page is answered at once; the slot is free when the provider has told its own end.
  const inFlight = async () => (await site.daemon.client.providers.get({ name: "calculator" })).inflight;
  expect(await until("the cancelled call to give its slot back", inFlight, (count) => count === 0)).toBe(0);

  provider.kill("SIGKILL");
  await page.getByText("offline").first().waitFor();
});

test("an open breaker and a wait are told alike by the page, HTTP, the command line, and the metrics", async (context) => {
  const { daemon } = site;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const instanceOf = async (instance: string) => {
    const provider = createProvider({
      name: "shaky",
      version: "1.0.0",
      capacity: { concurrency: 1 },
      methods: {
        read: defineMethod({
          run: () => {
            if (instance === "bad") throw new ProviderError("INTERNAL", "the disk is gone");
            return "fine";
          },
        }),
        hold: defineMethod({ run: () => released }),
      },
    });
    await provider.connect({ url: daemon.url, key: daemon.key, instance, handleSignals: false, onState: () => undefined });
    context.onTestFinished(() => provider.close());
    return provider;
  };
  const good = await instanceOf("good");
  await instanceOf("bad");
  const call = (method: string) => daemon.client.providers.invoke({ name: "shaky", method, params: {} });
  const told = () => daemon.client.providers.get({ name: "shaky" });
  const read = () => call("read").catch(() => undefined);
  await until("the breaker to open", async () => {
    // In pairs: with one slot each, one of two goes to the instance that fails.
    await Promise.all([read(), read()]);
    return (await told()).openBreakers === 1;
  });
  const held = [call("hold"), call("hold"), call("hold")];
  await until("one of them to wait", async () => (await told()).waiting === 1);

  const { instances, openBreakers } = await told();
  const [breaker] = instances.find(({ instance }) => instance === "bad")?.breakers ?? [];
  expect(openBreakers).toBe(1);
  expect(breaker).toMatchObject({ method: "read", ignored: false, lastError: "internal: shaky/bad read: the disk is gone" });
  const { key } = await daemon.client.access.createKey({ name: "passer-by", role: "viewer" });
  const seen = await createClient({ url: daemon.url, key }).providers.get({ name: "shaky" });
  expect(seen.instances.flatMap(({ breakers }) => breakers)).toMatchObject([{ method: "read", lastError: "internal" }]);

  const status = await daemon.cli(["providers", "status", "shaky", "-v"]);
  expect(status.stdout).toMatch(/2 in flight, 1 waiting/);
  expect(status.stdout).toMatch(/^read +bad +(?:open|trying) +\d+ +(?:in [\d.]+ s|now|with the next call) +internal: .* the disk is gone/m);
  expect((await daemon.cli(["providers", "list"])).stdout).toMatch(/^shaky .* 1 open /m);
  const metrics = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${daemon.key}` } });
  const lines = (await metrics.text()).split("\n");
  expect(lines).toContain('gantry_provider_breakers_open{provider="shaky",instance="bad"} 1');
  expect(lines).toContain('gantry_provider_breakers_open{provider="shaky",instance="good"} 0');
  expect(lines).toContain('gantry_provider_waiting{provider="shaky"} 1');

  const page = await site.visit("/providers", context);
  const row = page.getByRole("list", { name: "Providers" }).getByRole("listitem").filter({ hasText: "shaky" });
  await row.getByText("1 breaker open").waitFor();
  await row.getByText("1 waiting").waitFor();
  await row.getByRole("link").click();
  const note = page.getByRole("note");
  await note.getByText("read kept failing here").waitFor();
  await note.getByText("the disk is gone").waitFor();
  await note.getByText(/Tried again (?:in \d+ s|now)|One call is trying|The next call tries it again/).waitFor();
  await page.getByText("1 call waits for a free slot.").waitFor();

  // With the other one gone there is no choice, and the page says that too.
  release();
  await Promise.all(held);
  await good.close();
  await until("the page to say that the breaker is ignored", async () => {
    await read();
    return note.getByText("Calls go there all the same").isVisible();
  });
});

test("what comes from outside is shown as text and runs nothing", async (context) => {
  const provider = createProvider({
    name: "hostile",
    version: "1.0.0",
    description: hostile,
    methods: { say: defineMethod({ description: hostile, input: z.object({ text: z.string().describe(hostile) }), run: () => hostile }) },
  });
  await provider.connect({ url: site.daemon.url, key: site.daemon.key, instance: "test", handleSignals: false, onState: () => undefined });
  context.onTestFinished(() => provider.close());
  await site.daemon.client.access.createKey({ name: hostile, role: "viewer" });
  const { executionId } = await site.daemon.client.executions.execute({ command: "hostile", input: {} });
  await site.daemon.client.executions.execute({ command: "fail", input: { message: hostile } });
  const { sessionId } = await site.daemon.client.sessions.open({
    argv: ["sh", "-c", `printf '\\033]2;%s\\007%s\\n' '${hostile}' '${hostile}'; cat`],
  });
  await until("the title", async () => (await site.daemon.client.sessions.get({ id: sessionId })).title !== "");

  const page = await site.visit("/", context);
  for (const path of [
    "/",
    "/commands",
    "/commands/hostile",
    "/executions",
    `/executions/${executionId}`,
    "/sessions",
    `/sessions/${sessionId}`,
    "/providers",
    "/providers/hostile",
    "/keys",
  ]) {
    await page.goto(`${site.daemon.url}/ui${path}`);
    await page.getByText(hostile).first().waitFor();
    expect({ path, images: await page.locator("img").count() }).toEqual({ path, images: 0 });
  }
  await site.daemon.client.sessions.kill({ id: sessionId });
});

test("a key that is revoked closes the page at once and says why; a viewer is offered only what it may do", async (context) => {
  const { id, key } = await site.daemon.client.access.createKey({ name: "guest", role: "viewer" });
  const page = await site.browser.open(`${site.daemon.url}/ui/commands/greet`);
  context.onTestFinished(() => page.close());
  await signIn(page, key);
  await page.getByText("Your role may look but not run commands.").waitFor();
  expect(await page.getByRole("link", { name: "Keys" }).count()).toBe(0);
  await site.daemon.client.access.revokeKey({ id });
  await page.getByText("You were signed out").waitFor();
  expect(await page.evaluate("sessionStorage.getItem('gantry.key')")).toBeNull();
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]);
});

test("the theme follows the system until it is chosen", async (context) => {
  const page = await site.visit("/", context);
  const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  await page.emulateMedia({ colorScheme: "light" });
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("a dark page", async () => (await ground()) !== light);
  await page.getByRole("button", { name: "Settings and sign out" }).click();
  await page.getByRole("menuitemradio", { name: "Light" }).click();
  await until("a light page", async () => (await ground()) === light);
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await ground()).toBe(light);
});

test("every page fits a phone, and the keyboard reaches every room", async (context) => {
  const { sessionId } = await site.daemon.client.sessions.open({ argv: ["cat"] });
  const page = await site.visit("/", context);
  await page.setViewportSize({ width: 390, height: 844 });
  const paths = ["/", "/commands", "/commands/greet", "/executions", "/schedules", "/batches", "/sessions", `/sessions/${sessionId}`];
  for (const path of [...paths, "/providers", "/keys"]) {
    await page.goto(`${site.daemon.url}/ui${path}`);
    await page.locator("main :is(h1, section)").first().waitFor();
    expect({ path, width: await page.evaluate("document.documentElement.scrollWidth") }).toEqual({ path, width: 390 });
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`${site.daemon.url}/ui/`);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement?.textContent")).toBe("Skip to content");
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement?.id")).toBe("main");
  for (const [letter, heading] of [
    ["c", "Commands"],
    ["h", "History"],
    ["t", "Schedules"],
    ["b", "Batches"],
    ["s", "Sessions"],
    ["p", "Providers"],
    ["k", "Keys"],
    ["o", "Overview"],
  ] as const) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
  }
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Shortcuts" }).waitFor();
  await site.daemon.client.sessions.kill({ id: sessionId });
});
