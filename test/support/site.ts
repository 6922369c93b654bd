/** The page as all tests of one file share it: built when it is stale, served by one daemon, seen in one Chromium. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, type TestContext } from "vitest";

import { build } from "../../scripts/build.ts";
import { startTestBrowser, type TestBrowser } from "./browser.ts";
import { startTestDaemon, type TestDaemon, type TestDaemonOptions } from "./daemon.ts";
import { chromium, need } from "./not-run.ts";
import { visitPage } from "./visit.ts";

export interface Site {
  /** Both are there while tests run. */
  readonly daemon: TestDaemon;
  readonly browser: TestBrowser;
  /** A signed-in tab; `path` is below /ui. */
  visit(path: string, context: Pick<TestContext, "onTestFinished">): Promise<Page>;
}

/** Called at the top of a test file. Without a Chromium none of its tests run, and each says so. */
export function useSite(options: TestDaemonOptions | (() => Promise<TestDaemonOptions>) = {}): Site {
  let daemon: TestDaemon | undefined;
  let browser: TestBrowser | undefined;

  beforeAll(async () => {
    const executable = chromium.find();
    if (executable === undefined) return;
    await build(["dashboard"], true);
    daemon = await startTestDaemon(typeof options === "function" ? await options() : options);
    browser = await startTestBrowser(executable);
  }, 120_000);
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
  });
  beforeEach((context) => void need(context, chromium));

  const site: Site = {
    get daemon() {
      return daemon as TestDaemon;
    },
    get browser() {
      return browser as TestBrowser;
    },
    visit: (path, context) => visitPage(site.browser, site.daemon, path, context),
  };
  return site;
}
