/** `gantry dashboard` with a real Chromium: the link's file opens the page signed in, and it stays so until it is signed out. */
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test, type TestContext } from "vitest";

import { useSite } from "../support/site.ts";

const site = useSite({ instance: "signed" });

/** Runs `gantry dashboard` with a launcher that only notes what it was to open. */
async function linkFile(): Promise<string> {
  const bin = join(site.daemon.folder, "bin");
  const noted = join(site.daemon.folder, "noted");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > '${noted}'\n`);
  await chmod(join(bin, "xdg-open"), 0o755);
  await site.daemon.cli(["dashboard"], { env: { DISPLAY: ":99", PATH: `${bin}:${process.env.PATH ?? ""}` } });
  return readFile(noted, "utf8");
}

async function open(url: string, { onTestFinished }: Pick<TestContext, "onTestFinished">) {
  const page = await site.browser.open(url);
  onTestFinished(() => page.close());
  return page;
}

test("the page opens signed in, in every tab, over HTTP, Socket.IO, and WebSocket, until it is signed out", async (context) => {
  const { sessionId } = await site.daemon.client.sessions.open({ argv: ["cat"], name: "live" });
  const file = await linkFile();
  const kept = join(site.daemon.folder, "kept.html");
  await copyFile(file, kept);
  const page = await open(`file://${file}`, context);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  expect(page.url()).toBe(`${site.daemon.url}/ui/`);
  expect(await page.evaluate("document.cookie")).toBe("");
  await page.reload();
  await page.getByRole("heading", { name: "Overview" }).waitFor();

  const tab = await open(`${site.daemon.url}/ui/sessions/${sessionId}`, context);
  await tab.getByText("In control").waitFor();
  await tab.keyboard.type("typed\n");
  await tab.locator(".xterm-rows").getByText("typed").first().waitFor();
  await tab.getByRole("button", { name: "Settings and sign out" }).click();
  const [reference] = await Promise.all([tab.waitForEvent("popup"), tab.getByRole("menuitem", { name: "API reference" }).click()]);
  await reference.getByRole("heading", { name: "Gantry API" }).waitFor();
  await reference.close();

  await page.goto(`${site.daemon.url}/ui/keys`);
  const logins = page.getByRole("list", { name: "Signed-in browsers" });
  await logins.getByText("Chrome on Linux").waitFor();
  expect(await logins.getByRole("button", { name: "In use here" }).isDisabled()).toBe(true);
  // Somebody who is signed in anyway is not thrown out by a link that is spent.
  await page.goto(`file://${kept}`);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]);

  await page.getByRole("button", { name: "Settings and sign out" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByText("gantry dashboard").waitFor();
  await tab.getByRole("heading", { name: "Sign in to Gantry" }).waitFor();
  expect((await site.daemon.client.access.listLogins()).items).toEqual([]);
  expect((await site.browser.context.cookies()).filter(({ name }) => name.startsWith("gantry-"))).toEqual([]);

  await page.goto(`file://${kept}`);
  await page.getByRole("alert").getByText("This link did not sign you in").waitFor();
  await page.getByRole("alert").getByText("Make another one with: gantry dashboard").waitFor();
  expect(page.url()).toBe(`${site.daemon.url}/ui/`);
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]);
  await site.daemon.client.sessions.kill({ id: sessionId });
});

test("a browser that is signed out from elsewhere says so", async (context) => {
  const page = await open(`file://${await linkFile()}`, context);
  await page.getByText("Live", { exact: true }).waitFor();
  const [login] = (await site.daemon.client.access.listLogins()).items;
  expect((await site.daemon.cli(["keys", "logout", login?.id ?? ""])).exitCode).toBe(0);
  await page.getByText("You were signed out").waitFor();
  expect(site.browser.complaints.splice(0).filter((text) => !text.includes("401"))).toEqual([]);
});
