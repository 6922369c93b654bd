/** A signed-in tab of the page for one test, closed with it; whatever the console complained about fails the test. */
import type { Page } from "playwright-core";
import { expect, type TestContext } from "vitest";

import type { TestBrowser } from "./browser.ts";
import type { TestDaemon } from "./daemon.ts";

/** `path` is below /ui. */
export async function visitPage(
  browser: TestBrowser,
  daemon: Pick<TestDaemon, "url" | "key">,
  path: string,
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
): Promise<Page> {
  const page = await browser.open(`${daemon.url}/ui${path}`);
  onTestFinished(async () => {
    await page.close();
    expect(browser.complaints.splice(0)).toEqual([]);
  });
  await signIn(page, daemon.key);
  await page.getByText("Live", { exact: true }).waitFor();
  return page;
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
}
