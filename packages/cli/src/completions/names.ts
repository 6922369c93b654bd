/** The words that each placeholder of the verbs stands for; most are asked of the running daemon. */
import { type LocalClient, recordedInstances } from "@gantry/client/node";

type TypedClient = LocalClient["client"];

export interface Candidate {
  value: string;
  description?: string | undefined;
}

export interface Names {
  candidates: Candidate[];
  /** What the shell itself completes besides. */
  files?: "files" | "folders";
}

/** `connect` rejects when no daemon runs; `given` are the arguments before. */
type Source = (connect: () => Promise<TypedClient>, given: readonly string[]) => Promise<Names> | Names;

const all = 1000;
const recent = 100;

/** By placeholder: an argument `<execution>`, or an option's value `<execution>`, wants one of `execution`. */
export const sources: Record<string, Source> = {
  instance: () => ({ candidates: recordedInstances().map((value) => ({ value })) }),
  command: async (connect) => {
    const { items } = await (await connect()).commands.list({ limit: all });
    return { candidates: items.map(({ name, summary }) => ({ value: name, description: summary })) };
  },
  execution: async (connect) => {
    const { items } = await (await connect()).executions.list({ limit: recent });
    return { candidates: items.map(({ executionId, command, state }) => ({ value: executionId, description: `${command}, ${state}` })) };
  },
  batch: async (connect) => {
    const { items } = await (await connect()).batches.list({ limit: recent });
    return {
      candidates: items.map(({ batchId, name, state }) => ({ value: batchId, description: name === null ? state : `${name}, ${state}` })),
    };
  },
  schedule: async (connect) => {
    const { items } = await (await connect()).schedules.list({ limit: all });
    return { candidates: items.map(({ name, command, state }) => ({ value: name, description: `${command}, ${state}` })) };
  },
  session: async (connect) => {
    const { items } = await (await connect()).sessions.list({ limit: all, live: true });
    return {
      candidates: items.map(({ sessionId, name, title, argv }) => ({
        value: name ?? sessionId,
        description: title === "" ? argv.join(" ") : title,
      })),
    };
  },
  // Also of one that has ended; or a file of the user's own.
  recording: async (connect) => {
    const { items } = await (await connect()).sessions.list({ limit: recent });
    return { candidates: items.map(({ sessionId, name, state }) => ({ value: name ?? sessionId, description: state })), files: "files" };
  },
  provider: async (connect) => {
    const { items } = await (await connect()).providers.list({ limit: all });
    return { candidates: items.map(({ name, state }) => ({ value: name, description: state })) };
  },
  method: async (connect, [provider = ""]) => {
    const { methods } = await (await connect()).providers.get({ name: provider });
    return { candidates: methods.map(({ name, description }) => ({ value: name, description })) };
  },
  model: async (connect) => {
    const { items } = await (await connect()).providers.models();
    return { candidates: items.map(({ id, providers }) => ({ value: id, description: providers.join(", ") })) };
  },
  "api-key": async (connect) => {
    const { items } = await (await connect()).access.listKeys();
    const usable = items.filter(({ revokedAt }) => revokedAt === undefined);
    return { candidates: usable.map(({ id, name, role }) => ({ value: id, description: `${name}, ${role}` })) };
  },
  // The words of `gantry open`: a profile's name, or a program with its arguments.
  words: async (connect, given) => {
    if (given.length > 0) return { candidates: [], files: "files" };
    const { items } = await (await connect()).sessions.profiles({ probe: false });
    return { candidates: items.map(({ name, binary }) => ({ value: name, description: binary })), files: "files" };
  },
  queue: async (connect) => {
    const { items } = await (await connect()).queues.list();
    return { candidates: items.map(({ name, paused }) => ({ value: name, description: paused ? "paused" : "" })) };
  },
  login: async (connect) => {
    const { items } = await (await connect()).access.listLogins();
    return { candidates: items.map(({ id, role, browser }) => ({ value: id, description: `${role}, ${browser}` })) };
  },
  zone: () => ({ candidates: [...Intl.supportedValuesOf("timeZone"), "UTC"].map((value) => ({ value })) }),
  "name=value": () => ({ candidates: Object.keys(process.env).map((value) => ({ value })) }),
  file: () => ({ candidates: [], files: "files" }),
  folder: () => ({ candidates: [], files: "folders" }),
};

/** A word of a registered command's own: its options as its usage tells them, the values that its schema allows, else files. */
export async function ownNames(client: TypedClient, name: string, words: readonly string[], current: string): Promise<Names> {
  const { usage, inputSchema, positionals } = await client.commands.get({ name });
  const options = usageOptions(usage);
  const before = options.find(({ names }) => names.includes(words.at(-1) ?? ""));
  if (before?.value !== undefined) return allowed(inputSchema, before.value);
  if (current.startsWith("-") && !words.includes("--")) {
    const open = options.filter(({ names, many }) => many || !names.some((option) => words.includes(option)));
    return {
      candidates: [...open.flatMap(({ names, text }) => names.map((value) => ({ value, description: text }))), { value: "--help" }],
    };
  }
  return allowed(inputSchema, positionals.at(positionals.length === 1 ? 0 : words.length) ?? "");
}

interface UsageOption {
  names: string[];
  /** The placeholder of its value: the field's name when only some values are allowed. */
  value: string | undefined;
  many: boolean;
  text: string;
}

function usageOptions(usage: string): UsageOption[] {
  return [...usage.matchAll(/^ {2}--(\[no-\])?(\S+?)(?: <([^>]+)>)?(…)?(?: {2,}(.*))?$/gm)].map(
    ([, negatable, name, value, many, text]) => ({
      names: negatable === undefined ? [`--${name}`] : [`--${name}`, `--no-${name}`],
      value,
      many: many !== undefined,
      text: text ?? "",
    }),
  );
}

function allowed(schema: Record<string, unknown>, field: string): Names {
  const properties = schema.properties as Record<string, { enum?: unknown[]; items?: { enum?: unknown[] } }> | undefined;
  const values = properties?.[field]?.enum ?? properties?.[field]?.items?.enum;
  return values === undefined ? { candidates: [], files: "files" } : { candidates: values.map((value) => ({ value: String(value) })) };
}
