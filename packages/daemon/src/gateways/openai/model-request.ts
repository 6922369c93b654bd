/** What every request for a model has in common: the model, the route, the budget, and the instance it would rather go to. */
import { isFields } from "./chat-chunks.ts";
import type { ModelRequest } from "./port.ts";
import { invalidRequest } from "./problem.ts";

export type ModelBody = Record<string, unknown> & { model: string };

/** The same as OpenAI's clients wait by default: a long answer is no reason to end a call. */
const modelTimeoutMs = 600_000;

export function parseModelBody(body: unknown): ModelBody {
  if (!isFields(body)) throw invalidRequest("body", "The body must be a JSON object.");
  if (typeof body["model"] !== "string" || body["model"] === "") {
    throw invalidRequest("model", "model must be the id of a model; GET /v1/models lists them.");
  }
  return body as ModelBody;
}

/** The body goes to the provider as it is, so that parameters unknown here keep their meaning there. */
export function modelRequest(body: ModelBody, method: string, owner: string, params: unknown = body): ModelRequest {
  return { route: { model: body.model }, method, params, defaultTimeoutMs: modelTimeoutMs, affinity: affinityOf(body), owner };
}

/** OpenAI's own hint for prompt caches, or else the end user whose conversation it is. */
function affinityOf(body: ModelBody): string | undefined {
  const key = body["prompt_cache_key"] ?? body["user"];
  return typeof key === "string" && key !== "" ? key : undefined;
}
