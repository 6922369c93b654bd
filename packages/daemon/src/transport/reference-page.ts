/** The API reference at /docs: one plain page made from the contract, without script. */
import { type AnyOperation, errorCodes } from "@gantry/contract";
import { z } from "zod";

export function renderReference(operations: AnyOperation[], version: string): string {
  const rooms = Map.groupBy(operations, ({ name }) => name.split(".")[0] as string);
  const contents = [...rooms].map(([room, members]) => `<li><a href="#${room}">${room}</a> (${members.length})</li>`).join("");
  const sections = [...rooms].map(([room, members]) => `<h2 id="${room}">${room}</h2>${members.map(renderOperation).join("")}`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Gantry API ${escape(version)}</title><style>${style}</style></head>
<body><main><h1>Gantry API <small>${escape(version)}</small></h1><p>Every operation needs <code>Authorization: Bearer &lt;key&gt;</code>. The machine-readable form is <a href="/openapi.json">openapi.json</a>.</p><ul>${contents}</ul>${sections}</main></body></html>`;
}

const style = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0}main{max-width:56rem;margin:auto;padding:1.5rem}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8885;border-radius:6px}
h3{margin:2rem 0 .25rem}h3 code{font-size:1rem}summary{cursor:pointer}small{opacity:.7}.method{display:inline-block;min-width:4.5em;font-weight:700}`;

function renderOperation(operation: AnyOperation): string {
  const errors = (operation.errors ?? []).map((code) => `<code>${code}</code> (${errorCodes[code].status})`).join(", ");
  return `<h3 id="${operation.name}"><code><span class="method">${operation.method}</span>${escape(operation.path)}</code></h3>
<p>${escape(operation.summary)}. <small>${operation.name}, ${operation.permission === "public" ? "public" : `needs ${operation.permission}`}</small>${errors === "" ? "" : `<br><small>Also answers ${errors}</small>`}</p>
${renderSchema("Input", operation.input, "input")}${renderSchema("Output", operation.output, "output")}${operation.events === undefined ? "" : renderSchema("Events, when asked for as text/event-stream", operation.events, "output")}`;
}

function renderSchema(title: string, schema: z.ZodType, io: "input" | "output"): string {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return `<details><summary>${title}</summary><pre>${escape(JSON.stringify(json, null, 2))}</pre></details>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
