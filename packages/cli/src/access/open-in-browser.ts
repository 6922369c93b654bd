/** Hands a file to whatever opens web pages here. Nothing secret is in the arguments: only the file's name. */
import { spawn } from "node:child_process";

/** A launcher that still runs by then has found its browser: some of them stay as long as it does. */
const patienceMs = 2_000;

/** Resolves to a sentence that says why nothing was opened, or to undefined. */
export function openInBrowser(file: string): Promise<string | undefined> {
  const isMac = process.platform === "darwin";
  const { DISPLAY, WAYLAND_DISPLAY, BROWSER } = process.env;
  if (!isMac && [DISPLAY, WAYLAND_DISPLAY, BROWSER].every((value) => value === undefined || value === "")) {
    return Promise.resolve("There is no screen here for a browser.");
  }
  const launcher = isMac ? "open" : "xdg-open";
  return new Promise((resolve) => {
    const child = spawn(launcher, [file], { stdio: "ignore", detached: true });
    const timer = setTimeout(() => {
      child.unref();
      resolve(undefined);
    }, patienceMs);
    const settle = (failure: string | undefined) => {
      clearTimeout(timer);
      resolve(failure);
    };
    child.once("error", () => settle(`${launcher} could not be started.`));
    child.once("exit", (code) => settle(code === 0 ? undefined : `${launcher} found no browser (exit ${code ?? "by a signal"}).`));
  });
}
