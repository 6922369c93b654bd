/** The client in Node and in a browser's bundle. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { ExecuteEvent } from "@gantry/contract";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "vite";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({
    config: `[commands]\nmodules = ["${repository}/examples/commands/*.ts"]\n[command.slow]\nargv = ["sh", "-c", "echo begun; sleep 1"]\n`,
  });
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** Runs a module as a user's program would be run, in the daemon's home. */
async function program(text: string): Promise<string> {
  const file = join(daemon.folder, "program.mjs");
  const head = `import { createClient, defaultClient, GantryError } from "${repository}/packages/client/src/node/main.ts";\n`;
  await writeFile(file, head + text);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: daemon.folder, env: daemon.env, timeout: 20_000 });
  return stdout;
}

describe("in Node", () => {
  test("finds the local instance without address or key, and does not keep the process alive", async () => {
    const text = `
      const client = createClient();
      console.log((await client.health()).instance, (await client.status()).pid, await client.isRunning());
      console.log((await client.listCommands()).map(({ name }) => name).join());
      const { success, output } = await client.execute({ command: "greet", input: { name: "Ada" } });
      console.log(success, output.trim(), defaultClient() === defaultClient());
    `;
    expect(await program(text)).toBe(`default ${daemon.pid} true\ncount,fail,flaky,greet,noop,slow\ntrue Hello, Ada! true\n`);
  });

  test("says whether an instance runs, and waits for one", async () => {
    const text = `
      const client = createClient({ instance: "nobody" });
      console.log(await client.isRunning());
      await client.waitForDaemon({ timeoutMs: 200 }).catch(({ code }) => console.log(code));
      await client.status().catch((error) => console.log(error instanceof GantryError, error.code));
      console.log((await createClient().waitForDaemon()).status);
    `;
    expect(await program(text)).toBe("false\ndeadlineExceeded\ntrue unavailable\nok\n");
  });

  test("loads no schema library until it needs one", async () => {
    const text = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
      const client = createClient();
      await client.execute({ command: "noop" });
      console.log(loaded.filter((url) => url.includes("zod") || url.includes("undici")).length);
    `;
    expect(await program(text)).toBe("0\n");
  });

  test("goes on after the daemon was restarted", async () => {
    const { createClient } = await import("@gantry/client");
    const { GANTRY_HOME } = process.env;
    process.env.GANTRY_HOME = daemon.home;
    const client = createClient({ instance: "default" });
    try {
      const before = await client.status();
      await daemon.restart();
      expect((await client.status()).pid).not.toBe(before.pid);
    } finally {
      client.close();
      if (GANTRY_HOME === undefined) delete process.env.GANTRY_HOME;
      else process.env.GANTRY_HOME = GANTRY_HOME;
    }
  });

  test("tells everything that happens, over HTTP too, and waits longer than its own limit for an execution", async () => {
    const { createClient } = await import("@gantry/client");
    const client = createClient({ url: daemon.url, key: daemon.key, timeoutMs: 300 });
    const events: ExecuteEvent["type"][] = [];
    for await (const { type } of client.stream({ command: "noop" })) events.push(type);
    expect(events).toEqual(expect.arrayContaining(["accepted", "result"]));
    expect(await client.execute({ command: "slow" })).toMatchObject({ success: true, output: "begun\n" });
    expect(await client.execute({ command: "fail", input: { message: "x" } })).toMatchObject({ success: false });
    await expect(client.execute({ command: "nothing-like-it" })).rejects.toMatchObject({ code: "notFound" });
  });
});

describe("in a browser's bundle", () => {
  const bundled = async (text: string, bundle: (entry: string, folder: string) => Promise<string>) => {
    const folder = await mkdtemp(join(tmpdir(), "gantry-bundle-"));
    try {
      const entry = join(repository, "test", `.bundle-${process.pid}-${Date.now()}.js`);
      await writeFile(entry, text);
      try {
        return await bundle(entry, folder);
      } finally {
        await rm(entry);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  const withRolldown = async (entry: string) => {
    const warnings: string[] = [];
    const made = await rolldown({ input: entry, platform: "browser", onLog: (_level, log) => void warnings.push(log.message) });
    const { output } = await made.generate({ format: "esm", minify: true });
    await made.close();
    expect(warnings).toEqual([]);
    return output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("\n");
  };
  const withVite = async (entry: string, folder: string) => {
    const made = await build({
      configFile: false,
      logLevel: "error",
      root: folder,
      build: { write: false, rolldownOptions: { input: entry } },
    });
    const outputs = (Array.isArray(made) ? made : [made]) as { output: { code?: string }[] }[];
    return outputs.flatMap(({ output }) => output.map(({ code }) => code ?? "")).join("\n");
  };
  const use = `import { createClient } from "@gantry/client";
globalThis.answer = (url, key) => createClient({ url, key }).execute({ command: "greet", input: { name: "page" } });`;

  test.each([
    { name: "rolldown", bundle: withRolldown },
    { name: "vite", bundle: withVite },
  ])("$name: holds nothing of Node and works with what a page has", async ({ bundle }) => {
    const code = await bundled(use, bundle);
    expect(code).not.toMatch(/["']node:|process\.getBuiltinModule|control\.sock/);
    // As in a page: no process, no require, nothing but the web's own.
    const { createContext, runInContext } = await import("node:vm");
    const web = {
      fetch,
      URL,
      URLSearchParams,
      AbortSignal,
      TextEncoder,
      TextDecoder,
      TextDecoderStream,
      TransformStream,
      setTimeout,
      clearTimeout,
    };
    const page = createContext({ ...web, url: daemon.url, key: daemon.key });
    runInContext(`(() => { ${code.replaceAll(/export\s*\{[^}]*\};?/g, "")} })()`, page);
    const { output } = (await runInContext("answer(url, key)", page)) as { output: string };
    expect(output).toBe("Hello, page!\n");
  });

  test("what is not used is left out", async () => {
    const code = await bundled(`import { GantryError } from "@gantry/client"; globalThis.E = GantryError;`, withRolldown);
    expect(code.length).toBeLessThan(8000);
    expect(code).not.toContain("text/event-stream");
  });
});
