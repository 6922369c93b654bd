/** Schedules and batches in the page: made, watched, steered, and ended in a real Chromium against a real site.daemon. */
import { join } from "node:path";
import { writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { repository } from "../support/repository.ts";
import { useSite } from "../support/site.ts";
import { until } from "../support/until.ts";

const hostile = "<img src=x onerror=alert(1)>";
const config = `
[commands]
modules = ["${repository}/examples/commands/*.ts"]

[queue.builds]
maxConcurrent = 1

[command.exit-three]
argv = ["sh", "-c", "exit 3"]

[command.wait]
argv = ["sleep", "600"]

[schedule.fixed]
command = "noop"
cron = "30 2 * * *"
timeZone = "Europe/Berlin"
`;

const site = useSite({ config });

test("a schedule is made from its form, run by hand, paused, changed, and deleted", async (context) => {
  const page = await site.visit("/schedules", context);
  await page.getByRole("button", { name: "New schedule" }).click();
  const form = page.getByRole("dialog", { name: "New schedule" });
  await form.getByRole("textbox", { name: "Name", exact: true }).fill("morning");
  await form.getByRole("combobox", { name: "Command" }).fill("greet");
  await page.getByRole("option", { name: "greet" }).click();
  await form.getByRole("textbox", { name: "Cron pattern" }).fill("61 7 * * *");
  await form.getByRole("textbox", { name: "name", exact: true }).fill("Ada");
  await form.getByRole("button", { name: "Make the schedule" }).click();
  await form.getByRole("alert").getByText("61 7 * * *").waitFor();
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("400"))).toEqual([]);
  await form.getByRole("textbox", { name: "Cron pattern" }).fill("0 7 * * *");
  await form.getByRole("button", { name: "Make the schedule" }).click();

  await page.getByRole("heading", { name: "morning", level: 1 }).waitFor();
  const next = page.getByRole("list", { name: "Ticks to come" });
  await until("the ticks to come", async () => (await next.getByRole("listitem").count()) === 6);
  expect(await site.daemon.client.schedules.get({ schedule: "morning" })).toMatchObject({
    command: "greet",
    input: { name: "Ada" },
    cron: "0 7 * * *",
  });

  await page.getByRole("button", { name: "Run now" }).click();
  const ticks = page.getByRole("list", { name: "Ticks so far" });
  await ticks.getByText("succeeded").waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("button", { name: "Resume" }).waitFor();
  expect((await site.daemon.client.schedules.get({ schedule: "morning" })).state).toBe("paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();

  await page.getByRole("button", { name: "More to do" }).click();
  await page.getByRole("menuitem", { name: "Change" }).click();
  const change = page.getByRole("dialog", { name: "Change morning" });
  expect(await change.getByRole("textbox", { name: "name", exact: true }).inputValue()).toBe("Ada");
  await change.getByText("Every so often").click();
  await change.getByRole("textbox", { name: "Every" }).fill("45");
  await change.getByRole("button", { name: "Save" }).click();
  await page.getByText("every 45 min").waitFor();
  expect(await site.daemon.client.schedules.get({ schedule: "morning" })).toMatchObject({
    cron: null,
    everyMs: 2_700_000,
    input: { name: "Ada" },
  });

  await ticks.getByRole("link").first().click();
  await page.getByRole("log", { name: "Output" }).getByText("Hello, Ada!").waitFor();
  await page.goto(`${site.daemon.url}/ui/schedules/morning`);
  await page.getByRole("button", { name: "More to do" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  const list = page.getByRole("list", { name: "Schedules" });
  await list.getByRole("link", { name: "fixed" }).waitFor();
  expect(await list.getByRole("link", { name: "morning" }).count()).toBe(0);

  // The event of the deletion may come before the page has left, which then asks once more.
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("404"))).toEqual([]);

  // Written in gantry.toml: changed there, not here.
  await list.getByRole("link", { name: "fixed" }).click();
  await page.getByRole("button", { name: "Pause" }).waitFor();
  expect(await page.getByRole("button", { name: "More to do" }).count()).toBe(0);
});

test("a batch is read from pasted lines and from a file, watched, and cancelled", async (context) => {
  const page = await site.visit("/batches", context);
  await page.getByRole("button", { name: "New batch" }).click();
  const form = page.getByRole("dialog", { name: "New batch" });
  const items = form.getByRole("textbox", { name: "Items" });
  await items.fill('{"command":"greet"}\n{oops');
  await form.getByText("line:2: this is no JSON").waitFor();
  expect(await form.getByRole("button", { name: "Start" }).isDisabled()).toBe(true);
  const lines = [
    { id: "good", command: "greet", input: { name: hostile } },
    { id: "bad", command: "exit-three" },
    { id: "after", command: "noop", needs: ["bad"] },
    { id: "long", command: "wait", needs: ["good"] },
  ];
  await items.fill(lines.map((line) => JSON.stringify(line)).join("\n"));
  await form.getByText("4 items: 1 × greet, 1 × exit-three, 1 × noop, 1 × wait; 2 wait for others.").waitFor();
  await form.getByRole("textbox", { name: "Name" }).fill(hostile);
  await form.getByRole("button", { name: "Start 4 items" }).click();

  await page.getByRole("heading", { name: hostile, level: 1 }).waitFor();
  await page.getByText("3 of 4").waitFor();
  await page.getByText("1 running").waitFor();
  await page.getByRole("list", { name: "What failed" }).getByRole("link", { name: "bad" }).waitFor();
  const shown = page.getByRole("list", { name: "Items" });
  await shown.getByText("needs bad").waitFor();
  await shown.getByText("skipped").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("4 of 4").waitFor();
  await page.getByText("1 cancelled").waitFor();
  expect(await page.locator("img").count()).toBe(0);

  await page.goto(`${site.daemon.url}/ui/batches`);
  await page.getByRole("list", { name: "Batches" }).getByRole("link", { name: hostile }).waitFor();
  const file = join(site.daemon.folder, "names.csv");
  await writeFile(file, 'name\n"Ada, Countess"\nGrace\n');
  await page.getByRole("button", { name: "New batch" }).click();
  await page.locator("input[type=file]").setInputFiles(file);
  await form.getByText("line:2: the item has no command").waitFor();
  await form.getByRole("combobox", { name: "Command" }).fill("gre");
  await page.getByRole("option", { name: "greet" }).click();
  await form.getByRole("button", { name: "Start 2 items" }).click();
  await page.getByRole("heading", { name: "names.csv", level: 1 }).waitFor();
  await page.getByText("2 of 2").waitFor();
  await page.getByText("2 succeeded").waitFor();
});

test("on a phone every room is reached, and a schedule and a batch fit", async (context) => {
  const { batchId } = await site.daemon.client.batches.create({ items: [{ command: "noop" }, { command: "exit-three", needs: ["1"] }] });
  const page = await site.visit("/", context);
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/schedules/fixed", `/batches/${batchId}`]) {
    await page.goto(`${site.daemon.url}/ui${path}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect({ path, width: await page.evaluate("document.documentElement.scrollWidth") }).toEqual({ path, width: 390 });
  }
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Keys" }).click();
  await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
});

test("a queue is seen with its load, paused, and resumed", async (context) => {
  const page = await site.visit("/executions", context);
  const queues = page.getByRole("list", { name: "Queues" });
  await queues.getByText("builds").waitFor();
  await queues.getByRole("button", { name: "Pause builds" }).click();
  await queues.getByText("paused").waitFor();
  const { executionId } = await site.daemon.client.executions.execute({ command: "noop", queue: "builds", wait: false });
  await queues.getByText("1 waiting").waitFor();
  expect((await site.daemon.client.executions.get({ id: executionId })).state).toBe("queued");
  await page.goto(`${site.daemon.url}/ui/`);
  await page.getByText("1 queued · builds is paused").waitFor();
  await page.goto(`${site.daemon.url}/ui/executions`);
  await queues.getByRole("button", { name: "Resume builds" }).click();
  await until("the execution", async () => (await site.daemon.client.executions.get({ id: executionId })).state === "succeeded");
  await queues.getByText("0/1 running").waitFor();
});

test("an execution that was tried again shows its attempts, and runs again at a click", async (context) => {
  const { executionId } = await site.daemon.client.executions.execute({ command: "exit-three", retries: 1, retryDelayMs: 10 });
  const page = await site.visit(`/executions/${executionId}`, context);
  const attempts = page.getByRole("region", { name: "Attempts" });
  await until("both attempts", async () => (await attempts.getByRole("listitem").count()) === 2);
  await page.getByText("2 of at most 2").waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByText("Again of").waitFor();
  expect(page.url()).not.toContain(executionId);
  await page.getByRole("link", { name: new RegExp(executionId.slice(-6)) }).click();
  await until("the first one", () => page.url().endsWith(executionId));
});
