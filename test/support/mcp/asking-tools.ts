/** The tools and the prompt of the test server that ask their caller for more, by answering with what they need. */
import { createHmac } from "node:crypto";

import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type GetPromptResult,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";

type Answer = CallToolResult | InputRequiredResult;

interface AskingTool {
  description: string;
  run(given: Record<string, unknown>, ctx: ServerContext): Answer;
}

const text = (words: string): CallToolResult => ({ content: [{ type: "text", text: words }] });

const form = (message: string, field: string, type = "string") =>
  inputRequired.elicit({
    mode: "form",
    message,
    requestedSchema: { type: "object", properties: { [field]: { type } as never }, required: [field] },
  });
const sample = (words: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text: words } }], maxTokens });

const secret = "of this test only";
const sign = (state: string) => `${state}.${createHmac("sha256", secret).update(state).digest("hex")}`;

/** The state of an earlier round; one that was changed on the way is refused. */
function stateOf({ mcpReq }: ServerContext): string | undefined {
  const given = mcpReq.requestState();
  if (typeof given !== "string") return undefined;
  const state = given.slice(0, given.lastIndexOf("."));
  if (sign(state) !== given) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "requestState was tampered with");
  return state;
}

function responsesOf({ mcpReq }: ServerContext): Record<string, Record<string, unknown>> {
  return (mcpReq.inputResponses ?? {}) as Record<string, Record<string, unknown>>;
}

function capabilitiesOf({ mcpReq }: ServerContext): Record<string, unknown> {
  return ((mcpReq.envelope as Record<string, unknown> | undefined)?.[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Record<string, unknown>;
}

function ask(inputRequests: InputRequests, state?: string): InputRequiredResult {
  return inputRequired({ inputRequests, ...(state === undefined ? {} : { requestState: sign(state) }) });
}

function confirm(ctx: ServerContext): Answer {
  if (stateOf(ctx) === "asked" && acceptedContent(ctx.mcpReq.inputResponses, "confirm") !== undefined) return text("state-ok");
  return ask({ confirm: form("Please confirm", "ok", "boolean") }, "asked");
}

export const askingTools: Record<string, AskingTool> = {
  test_input_required_result_elicitation: {
    description: "Asks for a name",
    run(_given, ctx) {
      const name = acceptedContent(ctx.mcpReq.inputResponses, "user_name")?.["name"];
      return typeof name === "string" ? text(`Hello, ${name}!`) : ask({ user_name: form("What is your name?", "name") });
    },
  },
  test_input_required_result_sampling: {
    description: "Asks the caller's model",
    run(_given, ctx) {
      const { capital_question: answer } = responsesOf(ctx);
      const words = (answer?.["content"] as { text?: string } | undefined)?.text;
      return words === undefined ? ask({ capital_question: sample("What is the capital of France?", 100) }) : text(words);
    },
  },
  test_input_required_result_list_roots: {
    description: "Asks for the caller's folders",
    run(_given, ctx) {
      const roots = responsesOf(ctx)["client_roots"]?.["roots"];
      return Array.isArray(roots) ? text(JSON.stringify(roots)) : ask({ client_roots: inputRequired.listRoots() });
    },
  },
  test_input_required_result_request_state: { description: "Keeps a state with its caller", run: (_given, ctx) => confirm(ctx) },
  test_input_required_result_tampered_state: { description: "Refuses a state that was changed", run: (_given, ctx) => confirm(ctx) },
  test_input_required_result_multiple_inputs: {
    description: "Asks for three things at once",
    run(_given, ctx) {
      const { user_name, greeting, client_roots } = responsesOf(ctx);
      if (stateOf(ctx) !== undefined && user_name && greeting && client_roots) return text("all three came");
      const questions = {
        user_name: form("What is your name?", "name"),
        greeting: sample("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      };
      return ask(questions, "three");
    },
  },
  test_input_required_result_multi_round: {
    description: "Asks twice, one after the other",
    run(_given, ctx) {
      const state = stateOf(ctx);
      const { step1, step2 } = responsesOf(ctx);
      if (state === "two" && step2) return text("both came");
      if (state === "one" && step1) return ask({ step2: form("Step 2: What is your favorite color?", "color") }, "two");
      return ask({ step1: form("Step 1: What is your name?", "name") }, "one");
    },
  },
  test_input_required_result_capabilities: {
    description: "Asks only for what its caller can answer",
    run(_given, ctx) {
      const can = capabilitiesOf(ctx);
      const questions: InputRequests = {
        ...("elicitation" in can ? { user_name: form("What is your name?", "name") } : {}),
        ...("sampling" in can ? { greeting: sample("Generate a greeting", 50) } : {}),
      };
      return Object.keys(questions).length === 0 ? text("nothing can be asked") : ask(questions);
    },
  },
  test_missing_capability: {
    description: "Needs a caller with a model",
    run(_given, ctx) {
      if ("sampling" in capabilitiesOf(ctx)) return text("can sample");
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    },
  },
  test_streaming_elicitation: {
    description: "Asks for a name over a stream",
    run: () => ask({ user_name: form("What is your name?", "name") }),
  },
};

export const askingPrompt = "test_input_required_result_prompt";

export function answerAskingPrompt({ mcpReq }: ServerContext): GetPromptResult | InputRequiredResult {
  const context = acceptedContent(mcpReq.inputResponses, "user_context")?.["context"];
  if (typeof context !== "string") return ask({ user_context: form("What context should the prompt use?", "context") });
  return { messages: [{ role: "user", content: { type: "text", text: `In the context of ${context}` } }] };
}
