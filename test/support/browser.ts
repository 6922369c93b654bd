/** A real Chromium for tests of the page, which notes everything that a console or a policy would complain about. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type BrowserContext, chromium, type Page } from "playwright-core";

/** Nothing that phones home, and no GPU: the terminal is then made of elements, whose text a test can read. */
const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-3d-apis",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface TestBrowser extends AsyncDisposable {
  context: BrowserContext;
  /** Errors of the console, of scripts, and of the content policy, in all pages. Empty it when some were expected. */
  complaints: string[];
  open(url: string): Promise<Page>;
}

export async function startTestBrowser(executablePath: string): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), "gantry-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args,
    viewport: { width: 1280, height: 800 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const complaints: string[] = [];
  await context.addInitScript({
    content: `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile, lineNumber, columnNumber }) =>
      console.error("policy violated: " + [violatedDirective, blockedURI, sourceFile, lineNumber, columnNumber].join(" ")))`,
  });
  return {
    context,
    complaints,
    async open(url) {
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("dialog", (dialog) => {
        complaints.push(`a dialog opened: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(url);
      return page;
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
