/** The HTTP server: gate, credential, then one Fastify route for each operation. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { GantryError, pathParameters, type Problem } from "@gantry/contract";
import { jsonLinesType } from "@gantry/contract/json-lines";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

import type { Caller } from "../core/caller.ts";
import { type BoundOperation, isStream } from "../core/handlers.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Assets, registerAssets } from "./assets.ts";
import { discardRest, readItemsBody } from "./body-items.ts";
import type { Connections } from "./connections.ts";
import { type Credentials, type FailureLimit, identify, type Identity } from "./credentials.ts";
import { createLongAnswer, type LongAnswer } from "./long-answer.ts";
import type { Gate } from "./gate.ts";
import { type LoginDoor, registerLogin } from "./login.ts";
import { createOpenApi } from "./openapi.ts";
import { bodyLimitBytes, fromFastify, toProblem } from "./problem.ts";
import { coerceQuery } from "./query.ts";
import { renderReference } from "./reference-page.ts";
import { asObject, runOperation } from "./run-operation.ts";
import { dataHeaders, pageHeaders } from "./security-headers.ts";
import { sendEvents } from "./sse.ts";

interface HttpOptions {
  operations: BoundOperation[];
  gate: Gate;
  credentials: Credentials;
  failures: FailureLimit;
  connections: Connections;
  logger: Logger;
  version: string;
  assets: Assets;
  login: LoginDoor;
  gateways: HttpGateway[];
}

/** Another protocol under paths of its own, behind the same gate and credential as everything else. */
export interface HttpGateway {
  prefix: string;
  /** Gets a context of its own, so that its errors can have its own form. */
  register(app: FastifyInstance): void;
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
    /** Its body may be JSON lines that go on for as long as the call. */
    inputStream?: boolean;
  }
}

/** Whole request, body included; a slow sender must not hold a connection for ever. A stream of items has its call's budget instead. */
const requestTimeoutMs = 60_000;
const headersTimeoutMs = 10_000;
/** Longer than clients pause between two requests: one that is sent just as the server closes is lost, and may not be repeated. */
const keepAliveTimeoutMs = 72_000;
const maxConnections = 4096;

/** What `health` sees when no key was presented: nobody, with no rights. */
const anonymous: Caller = { keyId: "anonymous", role: "viewer", permissions: new Set() };

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { gate, credentials, failures, connections, logger, operations } = options;
  let server: Server | undefined;
  const streaming = new WeakSet<Socket>();
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    trustProxy: false,
    genReqId: () => newRequestId(),
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: (error, socket) => refuseBroken(error, socket, streaming),
    serverFactory(handler) {
      server = createServer(
        // The gate refuses a missing Host itself, with the same answer as a wrong one.
        {
          requestTimeout: requestTimeoutMs,
          headersTimeout: headersTimeoutMs,
          keepAliveTimeout: keepAliveTimeoutMs,
          maxHeaderSize: 16_384,
          requireHostHeader: false,
        },
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
  // Read by the operations that take it, as it comes; the content type is refused everywhere else.
  app.addContentTypeParser(jsonLinesType, (_request, body, done) => done(null, body));
  app.decorateRequest("caller", undefined);

  app.addHook("onRequest", async (request, reply) => {
    if (request.url === "/" && request.headers.accept?.includes("text/html") === true) return reply.redirect("/ui/");
    const { presented, caller } = identify(request.raw, credentials);
    request.caller = caller;
    const failed = presented !== undefined && caller === undefined;
    if (failed && failures.failed(request.ip)) {
      throw new GantryError("resourceExhausted", "Too many wrong keys from this address: wait a minute. A right key is still accepted.", {
        details: { retryAfterMs: 60_000 },
      });
    }
    if (failed || (request.caller === undefined && request.routeOptions.config.public !== true)) throw unauthenticated(presented);
    requireJson(request.raw, request.routeOptions.config.inputStream === true);
    return undefined;
  });
  app.setErrorHandler((error, request, reply) => answerProblem(reply, toProblem(fromFastify(error), request.id, logger)));
  app.setNotFoundHandler((request) => {
    throw new GantryError("notFound", `There is no ${request.method} ${request.url.split("?")[0]}. See /docs for what there is.`);
  });

  for (const bound of operations) registerOperation(app, bound, { logger, credentials, connections, streaming });
  let openApi: ReturnType<typeof createOpenApi> | undefined;
  app.get("/openapi.json", () => {
    openApi ??= createOpenApi(
      operations.map(({ operation }) => operation),
      options.version,
    );
    return openApi;
  });
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
  registerLogin(app, options.login, failures);
  for (const gateway of options.gateways) {
    app.register(
      (context, _options, done) => {
        gateway.register(context);
        done();
      },
      { prefix: gateway.prefix },
    );
  }
  await registerAssets(app, options.assets);
  await app.ready();
  return { server: server as unknown as Server, app };
}

interface RouteParts extends Pick<HttpOptions, "logger" | "credentials" | "connections"> {
  /** Connections whose request goes on for as long as its call. */
  streaming: WeakSet<Socket>;
}

function registerOperation(app: FastifyInstance, bound: BoundOperation, { logger, credentials, connections, streaming }: RouteParts): void {
  const { operation } = bound;
  const inPath = new Set(pathParameters(operation.path));
  const fromQuery = operation.method === "GET" || operation.method === "DELETE";
  app.route({
    method: operation.method,
    url: operation.path,
    config: { public: operation.permission === "public", inputStream: operation.inputStream === true },
    async handler(request, reply) {
      let long: LongAnswer | undefined;
      try {
        let items: AsyncIterable<unknown[]> | undefined;
        let rest: Record<string, unknown>;
        if (fromQuery) rest = coerceQuery(operation.input, request.query as Record<string, unknown>);
        else if (request.body !== request.raw) rest = asObject(request.body);
        else {
          discardRest(request.raw, reply.raw);
          const { keyId } = request.caller as Caller;
          reply.raw.once(
            "close",
            connections.track(keyId, () => request.raw.socket.destroy()),
          );
          ({ input: rest, items } = await readItemsBody(request.raw, () => mustStand(request.raw, credentials)));
          streaming.add(request.raw.socket);
          reply.raw.once("close", () => streaming.delete(request.raw.socket));
        }
        refuseShadowing(rest, inPath);
        const input = { ...rest, ...(request.params as Record<string, unknown>), ...resumePoint(bound, request) };
        const abort = new AbortController();
        // After a whole answer there is nothing left to abort, and aborting is dear: it makes an exception each time.
        reply.raw.once("close", () => reply.raw.writableFinished || abort.abort());
        const wantsStream = operation.events !== undefined && request.headers.accept?.includes("text/event-stream") === true;
        if (operation.mayTakeLong === true && !wantsStream) {
          long = createLongAnswer(reply.raw, () => {
            reply.hijack();
            return { ...dataHeaders, "x-request-id": request.id };
          });
        }
        const answer = await runOperation(bound, input, {
          caller: request.caller ?? anonymous,
          signal: abort.signal,
          requestId: request.id,
          wantsStream,
          items,
        });
        if (isStream(answer)) {
          reply.hijack();
          for (const [name, value] of Object.entries(dataHeaders)) reply.raw.setHeader(name, value);
          await sendEvents(reply.raw, answer, (error) => toProblem(error, request.id, logger, operation)).catch((error: unknown) =>
            refuse(reply.raw, toProblem(error, request.id, logger, operation)),
          );
          return reply;
        }
        if (long?.finish(JSON.stringify(answer)) === true) return reply;
        reply
          .headers(dataHeaders)
          .header("x-request-id", request.id)
          .code(operation.successStatus?.(answer) ?? 200);
        return typeof answer === "string" && operation.textType !== undefined
          ? reply.type(`${operation.textType}; charset=utf-8`).send(answer)
          : reply.send(answer);
      } catch (error) {
        const problem = toProblem(error, request.id, logger, operation);
        return long?.fail() === true ? reply : answerProblem(reply, problem);
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

/** While a request goes on, its key may be revoked or expire. */
function mustStand(request: IncomingMessage, credentials: Credentials): void {
  const { presented, caller } = identify(request, credentials);
  if (caller === undefined) throw unauthenticated(presented);
}

/** Forms and simple cross-site requests cannot carry these types, and nothing else is accepted: the check is exact on purpose. */
function requireJson({ method, headers }: IncomingMessage, orLines: boolean): void {
  if (method === "GET" || method === "HEAD") return;
  if (method === "DELETE" && headers["content-length"] === undefined && headers["transfer-encoding"] === undefined) return;
  const [, type] = /^([^;]*)(?:; ?charset=utf-8)?$/i.exec(headers["content-type"]?.toLowerCase() ?? "") ?? [];
  if (type === "application/json" || (orLines && type === jsonLinesType)) return;
  const types = orLines ? `application/json, or as ${jsonLinesType} with items,` : "application/json";
  throw new GantryError("unsupportedMediaType", `Send the body as ${types} with exactly that content type. Nothing was changed.`);
}

const refusals = {
  key: "This key is not accepted here: it is unknown, expired, revoked, or of another instance.",
  login: "This browser is not signed in any more: its login has expired or was ended. Sign in again with: gantry dashboard",
  none: "A key is needed: send it as Authorization: Bearer <key>. Make one with: gantry keys create --role <role> <name>",
};

function unauthenticated(presented: Identity["presented"]): GantryError {
  return new GantryError("unauthenticated", refusals[presented ?? "none"]);
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

/** What could not be read as a request, or took too long to come. */
function refuseBroken(error: Error & { code?: string }, socket: Socket, streaming: WeakSet<Socket>): void {
  const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  if (isLate && streaming.has(socket)) return;
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const status = isLate
    ? "408 Request Timeout"
    : error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

/** For limits that cannot tell when there will be room. */
const otherLimitSeconds = 1;

/** In seconds, as HTTP counts it (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after). */
function retryAfter({ status, details }: Problem): Record<string, string> {
  const waitMs = details?.["retryAfterMs"];
  if (typeof waitMs === "number") return { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1000))) };
  return status === 429 ? { "retry-after": String(otherLimitSeconds) } : {};
}

export function problemResponse(problem: Problem) {
  return {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      ...dataHeaders,
      ...(problem.requestId === undefined ? {} : { "x-request-id": problem.requestId }),
      ...(problem.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...retryAfter(problem),
    } as Record<string, string>,
    body: JSON.stringify(problem),
  };
}
