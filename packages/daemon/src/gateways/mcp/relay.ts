/** Passes resources, prompts, and completion on to the MCP servers behind the providers of an endpoint. */
import { GantryError } from "@gantry/contract";
import {
  type CompleteRequestParams,
  type CompleteResult,
  type ContentBlock,
  type GetPromptRequestParams,
  type GetPromptResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type ListPromptsResult,
  type ListResourcesResult,
  type ListResourceTemplatesResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
} from "@modelcontextprotocol/server";

import type { OfferedProvider } from "./port.ts";
import { aggregateName } from "./tool-names.ts";

/** Asks one provider; rejects with its GantryError. */
export type Ask = (provider: string, method: string, params: Record<string, unknown>) => Promise<unknown>;

/** What goes along when a server may ask its caller for more; empty when it may not. */
export type Round = Readonly<Record<string, unknown>>;

export interface Relay {
  readonly hasResources: boolean;
  readonly hasPrompts: boolean;
  readonly hasCompletions: boolean;
  listResources(cursor?: string): Promise<ListResourcesResult>;
  listTemplates(cursor?: string): Promise<ListResourceTemplatesResult>;
  readResource(uri: string, round: Round): Promise<ReadResourceResult | InputRequiredResult>;
  listPrompts(cursor?: string): Promise<ListPromptsResult>;
  getPrompt(params: GetPromptRequestParams, round: Round): Promise<GetPromptResult | InputRequiredResult>;
  complete(params: CompleteRequestParams): Promise<CompleteResult>;
  /** Makes the addresses in what a tool of this provider answered readable here. */
  readable(provider: string, content: ContentBlock[]): ContentBlock[];
}

const offers = (method: string) => (provider: OfferedProvider) => provider.methods.some(({ name }) => name === method);

/** One provider, with names and addresses as its server gives them. */
export function relayOne(provider: OfferedProvider, ask: Ask): Relay {
  const { name } = provider;
  const send = <Result>(method: string, params: Record<string, unknown>) => inMcpWords(ask(name, method, params) as Promise<Result>);
  const page = (cursor?: string) => (cursor === undefined ? {} : { cursor });
  return {
    hasResources: offers("resources/list")(provider),
    hasPrompts: offers("prompts/list")(provider),
    hasCompletions: offers("completion/complete")(provider),
    listResources: (cursor) => send("resources/list", page(cursor)),
    listTemplates: (cursor) => send("resources/templates/list", page(cursor)),
    readResource: (uri, round) => send("resources/read", { uri, ...round }),
    listPrompts: (cursor) => send("prompts/list", page(cursor)),
    getPrompt: ({ name: prompt, arguments: given }, round) =>
      send("prompts/get", { name: prompt, ...(given === undefined ? {} : { arguments: given }), ...round }),
    complete: ({ ref, argument, context }) => send("completion/complete", { ref, argument, ...(context === undefined ? {} : { context }) }),
    readable: (_provider, content) => content,
  };
}

const scheme = "gantry:";

/** Several: prompts are called `<provider>__<prompt>`, and resources are found at `gantry:<provider>:<uri>`. */
export function relayMany(providers: readonly OfferedProvider[], ask: Ask): Relay {
  const withResources = providers.filter(offers("resources/list"));
  const withPrompts = providers.filter(offers("prompts/list"));
  const withCompletions = providers.filter(offers("completion/complete"));
  const wrap = (provider: string, uri: string) => `${scheme}${encodeURIComponent(provider)}:${uri}`;

  const unwrap = (uri: string, among: readonly OfferedProvider[]): { provider: string; uri: string } => {
    const end = uri.indexOf(":", scheme.length);
    const name = uri.startsWith(scheme) && end > 0 ? decode(uri.slice(scheme.length, end)) : undefined;
    if (name === undefined || !among.some((provider) => provider.name === name)) throw new ResourceNotFoundError(uri);
    return { provider: name, uri: uri.slice(end + 1) };
  };

  /** A provider that does not answer is left out of a list; the others are shown. */
  const gather = async <Item>(among: readonly OfferedProvider[], method: string, pick: (provider: string, result: never) => Item[]) => {
    const parts = await Promise.allSettled(among.map(async ({ name }) => pick(name, (await ask(name, method, {})) as never)));
    return parts.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
  };

  const findPrompt = async (wanted: string): Promise<{ provider: string; prompt: string }> => {
    const all = await gather(withPrompts, "prompts/list", (provider, { prompts }: ListPromptsResult) =>
      prompts.map(({ name }) => ({ provider, prompt: name })),
    );
    const found = all.find(({ provider, prompt }) => aggregateName(provider, prompt) === wanted);
    if (found === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${wanted}.`);
    return found;
  };

  return {
    hasResources: withResources.length > 0,
    hasPrompts: withPrompts.length > 0,
    hasCompletions: withCompletions.length > 0,
    listResources: async () => ({
      resources: await gather(withResources, "resources/list", (provider, { resources }: ListResourcesResult) =>
        resources.map((resource) => ({ ...resource, uri: wrap(provider, resource.uri) })),
      ),
    }),
    listTemplates: async () => ({
      resourceTemplates: await gather(withResources, "resources/templates/list", (provider, listed: ListResourceTemplatesResult) =>
        listed.resourceTemplates.map((template) => ({ ...template, uriTemplate: wrap(provider, template.uriTemplate) })),
      ),
    }),
    async readResource(given, round) {
      const { provider, uri } = unwrap(given, withResources);
      const read = await inMcpWords(
        ask(provider, "resources/read", { uri, ...round }) as Promise<ReadResourceResult | InputRequiredResult>,
      );
      if (isInputRequiredResult(read)) return read;

      return { ...read, contents: read.contents.map((content) => ({ ...content, uri: wrap(provider, content.uri) })) };
    },
    listPrompts: async () => ({
      prompts: await gather(withPrompts, "prompts/list", (provider, { prompts }: ListPromptsResult) =>
        prompts.map((prompt) => ({ ...prompt, name: aggregateName(provider, prompt.name) })),
      ),
    }),
    async getPrompt({ name, arguments: given }, round) {
      const { provider, prompt } = await findPrompt(name);
      return inMcpWords(
        ask(provider, "prompts/get", {
          name: prompt,
          ...(given === undefined ? {} : { arguments: given }),
          ...round,
        }) as Promise<GetPromptResult>,
      );
    },
    async complete({ ref, argument, context }) {
      const more = context === undefined ? {} : { context };
      if (ref.type === "ref/prompt") {
        const { provider, prompt } = await findPrompt(ref.name);
        const asked = { ref: { ...ref, name: prompt }, argument, ...more };
        return inMcpWords(ask(provider, "completion/complete", asked) as Promise<CompleteResult>);
      }
      const { provider, uri } = unwrap(ref.uri, withCompletions);
      return inMcpWords(ask(provider, "completion/complete", { ref: { ...ref, uri }, argument, ...more }) as Promise<CompleteResult>);
    },
    readable: (provider, content) =>
      content.map((block) => {
        if (block.type === "resource_link") return { ...block, uri: wrap(provider, block.uri) };
        if (block.type === "resource") return { ...block, resource: { ...block.resource, uri: wrap(provider, block.resource.uri) } };
        return block;
      }),
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The server's own code and data where it gave one, so that its client can act on it. */
async function inMcpWords<Result>(answer: Promise<Result>): Promise<Result> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    const own = ownError(error);
    if (own !== undefined) throw own;
    const code = error.code === "invalidArgument" ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
    throw new ProtocolError(code, error.message, { code: error.code, retryable: error.retryable });
  }
}

/** What an MCP server itself answered with, when that is what the error stands for. */
export function ownError({ details, message }: GantryError): ProtocolError | undefined {
  const own = (details?.["provider"] as { mcp?: { code?: unknown; data?: unknown } } | undefined)?.mcp;
  return typeof own?.code === "number" ? ProtocolError.fromError(own.code, message, own.data) : undefined;
}
