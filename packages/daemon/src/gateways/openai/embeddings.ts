/** `/v1/embeddings` over any provider method `embed`. */
import { GantryError } from "@gantry/contract";

import { fieldsOf, isFields, toOpenAiUsage } from "./chat-chunks.ts";
import { answerHeaders, callOnce, type Exchange } from "./exchange.ts";
import { type ModelBody, modelRequest } from "./model-request.ts";
import type { ModelCalls } from "./port.ts";
import { invalidRequest } from "./problem.ts";

/** The method answers with OpenAI's list, or with `{ embeddings: number[][] }`, or with the vectors alone. */
export async function answerEmbeddings(calls: ModelCalls, body: ModelBody, exchange: Exchange) {
  const { input, encoding_format: format } = body;
  if (typeof input !== "string" && !(Array.isArray(input) && input.length > 0)) {
    throw invalidRequest("input", "input must be a text or an array of texts or of token lists.");
  }
  const { call, outcome } = await callOnce(calls, modelRequest(body, "embed", exchange.owner), exchange, () => undefined);
  const result = fieldsOf(outcome.result);
  const vectors = vectorsOf(outcome.result);
  if (vectors === undefined) {
    throw new GantryError(
      "internal",
      `${call.instance?.label ?? body.model} embed: its result holds no vectors, so there is nothing to answer with.`,
    );
  }
  const tokens = outcome.usage && toOpenAiUsage(outcome.usage);
  return {
    body: {
      object: "list",
      data: vectors.map((vector, index) => ({ object: "embedding", index, embedding: encode(vector, format === "base64") })),
      model: typeof result["model"] === "string" ? result["model"] : body.model,
      usage: isFields(result["usage"])
        ? result["usage"]
        : { prompt_tokens: tokens?.["prompt_tokens"] ?? 0, total_tokens: tokens?.["prompt_tokens"] ?? 0 },
    },
    headers: answerHeaders(exchange, call),
  };
}

type Vector = number[] | string;

function vectorsOf(result: unknown): Vector[] | undefined {
  const { data, embeddings } = fieldsOf(result);
  const list = Array.isArray(result) ? result : Array.isArray(data) ? inOrder(data) : embeddings;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return list.every((vector) => typeof vector === "string" || (Array.isArray(vector) && vector.every((value) => typeof value === "number")))
    ? list
    : undefined;
}

function inOrder(data: unknown[]): unknown[] {
  return data
    .map((item, position) => ({ at: (fieldsOf(item)["index"] as number | undefined) ?? position, vector: fieldsOf(item)["embedding"] }))
    .sort((one, other) => one.at - other.at)
    .map(({ vector }) => vector);
}

/** OpenAI's own client asks for base64 unless told otherwise, and reads 32-bit floats from it. */
function encode(vector: Vector, asBase64: boolean): Vector {
  if (typeof vector === "string") return asBase64 ? vector : decode(vector);
  return asBase64 ? Buffer.from(Float32Array.from(vector).buffer).toString("base64") : vector;
}

function decode(text: string): number[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readFloatLE(index * 4));
}
