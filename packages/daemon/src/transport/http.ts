/** The HTTP server: gate, credential, then one Fastify route for each operation. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { GantryError, pathParameters, type Problem } from "@gantry/contract";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

import type { Caller } from "../core/caller.ts";
import { type BoundOperation, isStream } from "../core/handlers.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Assets, registerAssets } from "./assets.ts";
import { type Credentials, type FailureLimit, presentedKey } from "./credentials.ts";
import type { Gate } from "./gate.ts";
import { createOpenApi } from "./openapi.ts";
import { toProblem } from "./problem.ts";
import { coerceQuery } from "./query.ts";
import { renderReference } from "./reference-page.ts";
import { runOperation } from "./run-operation.ts";
import { dataHeaders, pageHeaders } from "./security-headers.ts";
import { sendEvents } from "./sse.ts";

interface HttpOptions {
  operations: BoundOperation[];
  gate: Gate;
  credentials: Credentials;
  failures: FailureLimit;
  logger: Logger;
  version: string;
  assets: Assets;
}

export interface HttpServer {
  server: Server;
  app: FastifyInstance;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** Served without a key: the health answer and the page's own files, which hold no data. */
    public?: boolean;
  }
}

const bodyLimitBytes = 16 * 1024 * 1024;
/** Whole request, body included; a slow sender must not hold a connection for ever. */
const requestTimeoutMs = 60_000;
const headersTimeoutMs = 10_000;
const maxConnections = 4096;

/** What `health` sees when no key was presented: nobody, with no rights. */
const anonymous: Caller = { keyId: "anonymous", role: "viewer", permissions: new Set() };

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { gate, credentials, failures, logger, operations } = options;
  let server: Server | undefined;
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    trustProxy: false,
    genReqId: () => newRequestId(),
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    serverFactory(handler) {
      server = createServer(
        // The gate refuses a missing Host itself, with the same answer as a wrong one.
        { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs, maxHeaderSize: 16_384, requireHostHeader: false },
        (request, response) => {
          try {
            gate.check(request);
          } catch (error) {
            refuse(response, toProblem(error, newRequestId(), logger));
            return;
          }
          handler(request, response);
        },
      );
      server.maxConnections = maxConnections;
      return server;
    },
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, app.getDefaultJsonParser("error", "error"));
  app.decorateRequest("caller", undefined);

  app.addHook("onRequest", async (request, reply) => {
    if (request.url === "/" && request.headers.accept?.includes("text/html") === true) return reply.redirect("/ui/");
    const key = presentedKey(request.raw);
    request.caller = key === undefined ? undefined : credentials.verify(key);
    const failed = key !== undefined && request.caller === undefined;
    if (failed && failures.failed(request.ip)) {
      throw new GantryError("resourceExhausted", "Too many wrong keys from this address: wait a minute. A right key is still accepted.");
    }
    if (failed || (request.caller === undefined && request.routeOptions.config.public !== true)) throw unauthenticated(failed);
    requireJson(request.raw);
    return undefined;
  });
  app.setErrorHandler((error, request, reply) => answerProblem(reply, toProblem(fromFastify(error), request.id, logger)));
  app.setNotFoundHandler((request) => {
    throw new GantryError("notFound", `There is no ${request.method} ${request.url.split("?")[0]}. See /docs for what there is.`);
  });

  for (const bound of operations) registerOperation(app, bound, logger);
  const openApi = createOpenApi(
    operations.map(({ operation }) => operation),
    options.version,
  );
  app.get("/openapi.json", () => openApi);
  app.get("/docs", (_request, reply) =>
    reply
      .headers(pageHeaders)
      .type("text/html; charset=utf-8")
      .send(
        renderReference(
          operations.map(({ operation }) => operation),
          options.version,
        ),
      ),
  );
  await registerAssets(app, options.assets);
  await app.ready();
  return { server: server as unknown as Server, app };
}

function registerOperation(app: FastifyInstance, bound: BoundOperation, logger: Logger): void {
  const { operation } = bound;
  const inPath = new Set(pathParameters(operation.path));
  const fromQuery = operation.method === "GET" || operation.method === "DELETE";
  app.route({
    method: operation.method,
    url: operation.path,
    config: { public: operation.permission === "public" },
    async handler(request, reply) {
      try {
        const rest = fromQuery
          ? coerceQuery(operation.input, request.query as Record<string, unknown>)
          : ((request.body ?? {}) as Record<string, unknown>);
        refuseShadowing(rest, inPath);
        const input = { ...rest, ...(request.params as Record<string, unknown>), ...resumePoint(bound, request) };
        const abort = new AbortController();
        // After a whole answer there is nothing left to abort, and aborting is dear: it makes an exception each time.
        reply.raw.once("close", () => reply.raw.writableFinished || abort.abort());
        const wantsStream = operation.events !== undefined && request.headers.accept?.includes("text/event-stream") === true;
        const answer = await runOperation(bound, input, {
          caller: request.caller ?? anonymous,
          signal: abort.signal,
          requestId: request.id,
          wantsStream,
        });
        if (isStream(answer)) {
          reply.hijack();
          for (const [name, value] of Object.entries(dataHeaders)) reply.raw.setHeader(name, value);
          await sendEvents(reply.raw, answer, (error) => toProblem(error, request.id, logger, operation)).catch((error: unknown) =>
            refuse(reply.raw, toProblem(error, request.id, logger, operation)),
          );
          return reply;
        }
        reply
          .headers(dataHeaders)
          .header("x-request-id", request.id)
          .code(operation.successStatus?.(answer) ?? 200);
        return typeof answer === "string" && operation.textType !== undefined
          ? reply.type(`${operation.textType}; charset=utf-8`).send(answer)
          : reply.send(answer);
      } catch (error) {
        return answerProblem(reply, toProblem(error, request.id, logger, operation));
      }
    },
  });
}

function refuseShadowing(rest: Record<string, unknown>, inPath: Set<string>): void {
  for (const name of Object.keys(rest)) {
    if (inPath.has(name))
      throw new GantryError("invalidArgument", `${name} belongs in the path and was given again beside it. Nothing was changed.`);
  }
}

/** Browsers' EventSource resumes with a header; operations that can resume take the same as `since`. */
function resumePoint({ operation }: BoundOperation, request: FastifyRequest): Record<string, unknown> {
  const lastEventId = request.headers["last-event-id"];
  if (typeof lastEventId !== "string" || operation.events === undefined || operation.input.shape.since === undefined) return {};
  return { since: Number(lastEventId) };
}

/** Forms and simple cross-site requests cannot carry this type, and nothing else is accepted: the check is exact on purpose. */
function requireJson({ method, headers }: IncomingMessage): void {
  if (method === "GET" || method === "HEAD") return;
  if (method === "DELETE" && headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return;
  if (/^application\/json(?:; ?charset=utf-8)?$/i.test(headers["content-type"] ?? "")) return;
  throw new GantryError("unsupportedMediaType", "Send the body as application/json with exactly that content type. Nothing was changed.");
}

function unauthenticated(presented: boolean): GantryError {
  return new GantryError(
    "unauthenticated",
    presented
      ? "This key is not accepted here: it is unknown, expired, revoked, or of another instance."
      : "A key is needed: send it as Authorization: Bearer <key>. Make one with: gantry keys create --role <role> <name>",
  );
}

/** Fastify's own errors (bad JSON, too large a body) in our words. */
function fromFastify(error: unknown): unknown {
  const { code, message, statusCode } = error as { code?: string; message: string; statusCode?: number };
  if (error instanceof GantryError || statusCode === undefined || statusCode >= 500) return error;
  if (statusCode === 413)
    return new GantryError("payloadTooLarge", `The body is over the limit of ${bodyLimitBytes} bytes. Nothing was changed.`);
  if (statusCode === 415) return new GantryError("unsupportedMediaType", "Send the body as application/json. Nothing was changed.");
  return new GantryError("invalidArgument", `The request could not be read: ${message}. Nothing was changed.`, { details: { code } });
}

function answerProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, headers, body } = problemResponse(problem);
  return reply.code(status).headers(headers).send(body);
}

/** Answers on the bare response, for requests that never reach a route. */
function refuse(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = problemResponse(problem);
  response.writeHead(status, headers).end(body);
}

export function problemResponse(problem: Problem) {
  return {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...dataHeaders,
      ...(problem.requestId === undefined ? {} : { "x-request-id": problem.requestId }),
      ...(problem.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...(problem.status === 429 ? { "retry-after": "1" } : {}),
    } as Record<string, string>,
    body: JSON.stringify(problem),
  };
}
