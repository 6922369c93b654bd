/** What each real AI CLI finds when a test starts it: a home of its own in which it is set up, and a stand-in for its maker's models. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { quietClaude } from "./ai-cli-starts.ts";
import type { AiCli } from "./ai-clis.ts";
import { startAnthropicUpstream } from "./ai-upstreams/anthropic.ts";
import { startGeminiUpstream } from "./ai-upstreams/gemini.ts";
import { startResponsesUpstream } from "./ai-upstreams/responses.ts";
import type { AiUpstream } from "./ai-upstreams/upstream.ts";

export interface AiCliAccount extends AsyncDisposable {
  upstream: AiUpstream;
  /** HOME, and what makes it talk to the stand-in. */
  env: Record<string, string>;
}

/** Not one of a maker's, and not secret. */
const key = "sk-ant-not-a-key-0000000000000000";

/** `work` is a folder that it trusts. */
export async function openAccount(cli: AiCli, home: string, work: string): Promise<AiCliAccount> {
  const upstream = await upstreams[cli]();
  const { files, env } = setups[cli](upstream.url, work);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, name)), { recursive: true });
    await writeFile(join(home, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  // Some leave reports of failures there.
  const temporary = join(home, "tmp");
  await mkdir(temporary, { recursive: true });
  return { upstream, env: { ...env, HOME: home, TMPDIR: temporary }, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
}

const upstreams = { claude: startAnthropicUpstream, codex: startResponsesUpstream, gemini: startGeminiUpstream };

const setups: Record<AiCli, (url: string, work: string) => { files: Record<string, string | object>; env: Record<string, string> }> = {
  claude: (url, work) => ({
    files: {
      ".claude.json": {
        hasCompletedOnboarding: true,
        theme: "dark",
        customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
        projects: { [work]: { hasTrustDialogAccepted: true } },
      },
      // Its automatic mode asks a server what may be done.
      ".claude/settings.json": { permissions: { defaultMode: "default" } },
    },
    env: {
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_BASE_URL: url,
      ...quietClaude,
    },
  }),
  codex: (url, work) => ({
    files: {
      ".codex/config.toml": `model = "gpt-5"
model_provider = "standin"
[model_providers.standin]
name = "standin"
base_url = "${url}/v1"
env_key = "STANDIN_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[projects."${work}"]
trust_level = "trusted"
`,
    },
    env: { STANDIN_KEY: key },
  }),
  gemini: (url, work) => ({
    files: {
      ".gemini/settings.json": {
        security: { auth: { selectedType: "gemini-api-key" } },
        // Otherwise it first asks a model which model to ask.
        model: { name: "gemini-2.5-flash" },
        general: { enableAutoUpdate: false },
        privacy: { usageStatisticsEnabled: false },
      },
      ".gemini/trustedFolders.json": { [work]: "TRUST_FOLDER" },
    },
    env: { GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url },
  }),
};
