/** The OpenAI API under `/v1`, spoken outward over every provider that offers models. */
import { GantryError, type Permission } from "@gantry/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { type Caller, requirePermission } from "../../core/caller.ts";
import type { Logger } from "../../core/logger.ts";
import type { HttpGateway } from "../../transport/http.ts";
import { fromFastify } from "../../transport/problem.ts";
import { dataHeaders } from "../../transport/security-headers.ts";
import { answerChat } from "./chat.ts";
import { answerEmbeddings } from "./embeddings.ts";
import { type Exchange, sendError } from "./exchange.ts";
import { type ModelBody, parseModelBody } from "./model-request.ts";
import { getModel, listModels } from "./models.ts";
import type { ModelPort } from "./port.ts";
import { answerResponses } from "./responses.ts";

type Answer = { body: unknown; headers: Record<string, string> } | undefined;

export interface OpenAiGatewayParts {
  port: ModelPort;
  logger: Logger;
}

export function createOpenAiGateway({ port, logger }: OpenAiGatewayParts): HttpGateway {
  const answers: Record<string, (body: ModelBody, exchange: Exchange) => Promise<Answer>> = {
    "/chat/completions": (body, exchange) => answerChat(port.calls, body, exchange),
    "/responses": (body, exchange) => answerResponses(port, body, exchange),
    "/embeddings": (body, exchange) => answerEmbeddings(port.calls, body, exchange),
  };

  const asGantryError = (error: unknown, requestId: string): GantryError => {
    const known = fromFastify(error);
    if (known instanceof GantryError) return known;
    logger.error({ err: error, requestId }, "a request of the OpenAI API failed unexpectedly");
    return new GantryError("internal", `Gantry failed to do this. Look up request ${requestId} in the log: gantry logs`);
  };
  const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    reply.hijack();
    sendError({ requestId: request.id, response: reply.raw }, asGantryError(error, request.id));
  };
  const allow = (permission: Permission, toDo: string) => async (request: FastifyRequest) =>
    requirePermission(request.caller as Caller, permission, toDo);

  return {
    prefix: "/v1",
    register(app: FastifyInstance) {
      app.setErrorHandler((error, request, reply) => refuse(request, reply, error));
      app.setNotFoundHandler((request, reply) =>
        refuse(
          request,
          reply,
          new GantryError("notFound", `There is no ${request.method} ${request.url.split("?")[0]}. See docs/openai.md for what there is.`),
        ),
      );
      for (const [path, answer] of Object.entries(answers)) {
        app.post(path, { preHandler: allow("providers.call", "call models") }, async (request, reply) => {
          const { keyId } = request.caller as Caller;
          const made = await answer(parseModelBody(request.body), { requestId: request.id, owner: keyId, response: reply.raw });
          if (made !== undefined) return reply.headers(made.headers).send(made.body);
          reply.hijack();
          return reply;
        });
      }
      const mayList = { preHandler: allow("providers.read", "list models") };
      app.get("/models", mayList, (request, reply) => reply.headers({ ...dataHeaders, "x-request-id": request.id }).send(listModels(port)));
      // Ids of models may hold slashes.
      app.get<{ Params: { "*": string } }>("/models/*", mayList, (request, reply) =>
        reply.headers({ ...dataHeaders, "x-request-id": request.id }).send(getModel(port, request.params["*"])),
      );
    },
  };
}
