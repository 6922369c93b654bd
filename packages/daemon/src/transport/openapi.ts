/** The OpenAPI 3.1 document, made from the contract alone. */
import { type AnyOperation, type ErrorCode, errorCodes, pathParameters, type Problem } from "@gantry/contract";
import { jsonLinesType } from "@gantry/contract/json-lines";
import { z } from "zod";

type Json = Record<string, unknown>;

const always: readonly ErrorCode[] = ["invalidArgument", "unauthenticated", "permissionDenied", "internal"];

export function createOpenApi(operations: AnyOperation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = operation.path.replaceAll(/:([A-Za-z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Gantry",
      version,
      description: "Every request needs `Authorization: Bearer <key>`, except the constant health answer.",
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
    paths,
    components: { securitySchemes: { key: { type: "http", scheme: "bearer" } }, schemas: { Problem: problemSchema } },
  };
}

const lines: Json = {
  type: "string",
  description: "The same object on the first line, then one JSON value a line: items that the call takes as they come",
};

const problemSchema: Json & { properties: Record<keyof Problem, Json> } = {
  type: "object",
  required: ["type", "title", "status", "code", "detail", "retryable"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { enum: Object.keys(errorCodes) },
    detail: { type: "string" },
    retryable: { type: "boolean" },
    requestId: { type: "string" },
    details: { type: "object" },
  },
};

function describe(operation: AnyOperation): Json {
  const inPath = new Set(pathParameters(operation.path));
  const input = toJsonSchema(operation.input, "input") as { properties?: Record<string, Json>; required?: string[] };
  const properties = Object.entries(input.properties ?? {});
  const required = new Set(input.required);
  const fromQuery = operation.method === "GET" || operation.method === "DELETE";
  const parameters = properties
    .filter(([name]) => inPath.has(name) || fromQuery)
    .map(([name, schema]) => ({ name, in: inPath.has(name) ? "path" : "query", required: inPath.has(name) || required.has(name), schema }));
  const body = properties.filter(([name]) => !inPath.has(name));
  return {
    operationId: operation.name,
    tags: [operation.name.split(".")[0]],
    summary: operation.summary,
    ...(operation.permission === "public" ? { security: [] } : { "x-permission": operation.permission }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(fromQuery
      ? {}
      : {
          requestBody: {
            required: body.some(([name]) => required.has(name)),
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  properties: Object.fromEntries(body),
                  required: body.map(([name]) => name).filter((name) => required.has(name)),
                  additionalProperties: false,
                },
              },
              ...(operation.inputStream === true ? { [jsonLinesType]: { schema: lines } } : {}),
            },
          },
        }),
    responses: { "2XX": success(operation), ...problems(operation) },
  };
}

function success(operation: AnyOperation): Json {
  const schema = toJsonSchema(operation.output, "output");
  return {
    description: "Success",
    content: {
      [operation.textType ?? "application/json"]: { schema },
      ...(operation.events === undefined ? {} : { "text/event-stream": { schema: toJsonSchema(operation.events, "output") } }),
    },
  };
}

function problems(operation: AnyOperation): Json {
  const codes = [
    ...new Set([...(operation.permission === "public" ? [] : always), ...((operation.errors as ErrorCode[] | undefined) ?? [])]),
  ];
  const byStatus = Map.groupBy(codes, (code) => errorCodes[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      { description: list.join(", "), content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } },
    ]),
  );
}

function toJsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
