/** The parts of docs/ that follow from the contract, so that they cannot say anything else than the program does. */
import { type AnyOperation, Configuration, contract, errorCodes, isReloadable, Permission, Role, rolePermissions } from "@gantry/contract";
import { createOpenApi } from "@gantry/daemon/openapi";
import { z } from "zod";

interface JsonSchema {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
}

const operations: AnyOperation[] = Object.values(contract).flatMap((room) => Object.values(room) as AnyOperation[]);
const notice = (command: string) => `<!-- Written by ${command} from the contract; do not edit. -->\n`;

/** File in docs/ → its text. */
export function generateDocs(version: string): Record<string, string> {
  const schema = z.toJSONSchema(Configuration, { io: "input" }) as JsonSchema;
  return {
    "openapi.json": `${JSON.stringify(createOpenApi(operations, version), null, 2)}\n`,
    "gantry.schema.json": `${JSON.stringify({ ...schema, title: "gantry.toml" }, null, 2)}\n`,
    "configuration.md": configurationPage(schema),
    "exit-codes.md": exitCodesPage(),
    "permissions.md": permissionsPage(),
  };
}

function configurationPage(schema: JsonSchema): string {
  return `${notice("npm run docs")}# Configuration

Gantry reads, strongest first: flags, the environment, the nearest \`gantry.toml\` upwards from the working folder (or the file of \`--config\`), the
user's own file \`$XDG_CONFIG_HOME/gantry/gantry.toml\`, and the defaults below. Keys that do not exist are errors, with a suggestion.
\`gantry config show\` prints every value and where it came from; \`gantry config validate\` checks a file without starting anything.

\`gantry config reload\` lets a running instance read all of it anew. What it changes holds from then on, and what runs, waits, or is connected is not
touched. A wrong file is refused with its line, and what was in force stays. Keys marked *restart* below are named in the answer and change with
\`gantry restart\`. \`gantry status -v\` tells when the files differ from what is in force.

A key of \`[daemon]\`, \`[commands]\`, or \`[sessions]\` can be given in the environment: \`daemon.logLevel\` is \`GANTRY_DAEMON_LOG_LEVEL\`,
\`commands.history.maxCount\` is \`GANTRY_COMMANDS_HISTORY_MAX_COUNT\`.
\`GANTRY_INSTANCE\` chooses the instance and \`GANTRY_HOME\` moves all files into one folder. Editors that know JSON Schema can use
[gantry.schema.json](gantry.schema.json).

${configurationTables(schema, "").join("\n")}`;
}

function configurationTables(table: JsonSchema, path: string): string[] {
  const rows: string[] = [];
  const below: string[] = [];
  for (const [name, value] of Object.entries(table.properties ?? {})) {
    const inner = path === "" ? name : `${path}.${name}`;
    const named = value.type === "object" && typeof value.additionalProperties === "object" ? value.additionalProperties : undefined;
    if (value.properties !== undefined) below.push(...configurationTables(value, inner));
    else if (named?.properties !== undefined) below.push(...configurationTables(named, `${inner}.<name>`));
    if (value.properties === undefined && (named?.properties === undefined || value.description !== undefined)) {
      const required = table.required?.includes(name) === true && value.default === undefined;
      const restart = isReloadable(inner) ? "" : " (*restart*)";
      rows.push(
        `| \`${name}\` | ${kindOf(value)} | ${required ? "required" : defaultOf(value)} | ${escape(value.description ?? "")}${restart} |`,
      );
    }
  }
  const head = path === "" ? "## Top level" : `## [${path}]`;
  const own = rows.length === 0 ? [] : [`${head}\n\n| key | type | default | |\n|---|---|---|---|\n${rows.join("\n")}\n`];
  return [...own, ...below];
}

function kindOf({ type, enum: values, anyOf, items, minimum, maximum, additionalProperties }: JsonSchema): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(", ");
  if (anyOf !== undefined) return anyOf.map(kindOf).join(" or ");
  if (type === "array") return `array of ${items === undefined ? "anything" : kindOf(items)}`;
  if (type === "object")
    return typeof additionalProperties === "object" && additionalProperties.properties === undefined ? "table of text" : "table";
  if (type === "integer" && maximum !== undefined) return `integer, ${minimum ?? 0}–${maximum}`;
  return type === undefined ? "anything" : [type].flat().join(" or ");
}

function defaultOf({ default: value }: JsonSchema): string {
  return value === undefined ? "" : `\`${JSON.stringify(value)}\``;
}

function exitCodesPage(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { status, exitCode, retryable, title }]) => `| \`${code}\` | ${title} | ${status} | ${exitCode} | ${retryable ? "yes" : ""} |`,
  );
  return `${notice("npm run docs")}# Exit codes and error codes

\`gantry run\` ends with the exit status of what it ran. Otherwise:

| status | meaning |
|---|---|
| 0 | done |
| 3 | \`gantry status\`: the instance does not run |
| 64 | wrong usage: verb, option, argument, or name |
| 69 | the daemon or what it needs is not available; the message names the command that starts it |
| 75 | busy, or over a limit: try again later |
| 77 | not permitted |
| 78 | the configuration is wrong, or Node is too old |
| 124 | timed out |
| 125 | a failure of Gantry itself |
| 126, 127 | the program cannot be executed, or is not there |
| 130 | interrupted |

Every error has one code of this table, on HTTP as an RFC 9457 document (\`application/problem+json\`), on Socket.IO and on the control socket as the same object.
Switch on \`code\`, never on the text. \`retryable\` says whether the same request may succeed later without anybody changing anything.

| code | meaning | HTTP | exit | retryable |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function permissionsPage(): string {
  const roles = Role.options;
  const mark = (permission: Permission, role: Role) => (rolePermissions[role].includes(permission) ? "✓" : "");
  const permissions = Permission.options.map(
    (permission) => `| \`${permission}\` | ${roles.map((role) => mark(permission, role)).join(" | ")} |`,
  );
  const rows = operations.map(
    ({ name, method, path, permission, summary }) =>
      `| \`${name}\` | \`${method} ${path.replaceAll(/:([A-Za-z]+)/g, "{$1}")}\` | ${permission === "public" ? "none" : `\`${permission}\``} | ${escape(summary)} |`,
  );
  return `${notice("npm run docs")}# Permissions

A key has one role, and a role has these permissions. A \`runner\` reads and steers only what its own key started.

| permission | ${roles.join(" | ")} |
|---|${roles.map(() => "---|").join("")}
${permissions.join("\n")}

## What each operation needs

The same names are the methods of the typed client and of the control socket.

| operation | HTTP | needs | |
|---|---|---|---|
${rows.join("\n")}
`;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
