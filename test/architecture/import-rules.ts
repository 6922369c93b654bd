/** Who may import whom, as data: each rule names the files it is about, what they may or may not import, and why. */
import type { Import, Source } from "./sources.ts";

export interface ImportRule {
  /** Files that the rule is about. A rule that matches no file is stale and fails. */
  from: RegExp;
  except?: RegExp;
  /** Exactly one of the two: targets are paths in the repository, `node:…`, or `npm:…`. */
  only?: RegExp;
  never?: RegExp;
  /** Types cost nothing at run time and tie nothing together that the compiler would not see. */
  typesAreFree?: boolean;
  reason: string;
}

export interface StartUpRule {
  /** Files that are loaded at once when the program starts. */
  roots: string[];
  never: RegExp;
  reason: string;
}

const test = /\.test\.tsx?$/;

/** Parts of the daemon that are no rooms. A folder that is neither a room nor named here fails. */
export const daemonParts = ["core", "storage", "host", "transport", "gateways", "dispatch", "cluster"];
export const rooms = ["instances", "access", "commands", "executions", "schedules", "batches", "sessions", "providers"];

const room = `(?:${rooms.join("|")})`;
const daemon = "packages/daemon/src";

/** For each room that exists: what its files may import besides their own folder. */
export function roomRules(existing: string[]): ImportRule[] {
  return existing.flatMap((name): ImportRule[] => [
    {
      from: new RegExp(`^${daemon}/${name}/`),
      except: test,
      never: new RegExp(`^${daemon}/(?!${name}/)${room}/`),
      reason: "rooms never import rooms: a cross-room need is a narrow function type declared by the consumer and supplied by daemon.ts",
    },
    {
      from: new RegExp(`^${daemon}/${name}/`),
      except: test,
      never: new RegExp(`^${daemon}/(?:transport|gateways|daemon\\.ts|main\\.ts)`),
      reason: "rooms do not know how they are reached: transports and gateways stand in front of them, and only daemon.ts joins the two",
    },
    {
      from: new RegExp(`^${daemon}/${name}/(?!(?:[a-z-]+/)?store)`),
      except: test,
      never: new RegExp(`^(?:${daemon}/storage/|npm:kysely$)`),
      reason: "only a room's store.ts knows its tables; the rules in service.ts must be readable without SQL",
    },
  ]);
}

export const importRules: ImportRule[] = [
  {
    from: /^packages\/contract\/src\//,
    except: test,
    only: /^(?:packages\/contract\/src\/|npm:zod$)/,
    reason: "the contract runs in browsers, in Node, and in the daemon alike: zod only",
  },
  {
    from: /^packages\/client\/src\//,
    except: test,
    never: /^packages\/(?:daemon|cli|dashboard)\//,
    reason: "the client is installed by itself: it may import only the contract",
  },
  {
    from: /^packages\/client\/src\/[^/]+\.ts$/,
    except: test,
    never: /^(?:node:|packages\/client\/src\/node\/)/,
    reason: "the client's main entry runs in browsers; what needs Node lives in its own folder behind its own entry",
  },
  {
    from: /^packages\/cli\//,
    except: test,
    never: /^packages\/(?:daemon|dashboard)\//,
    reason: "nobody imports the daemon: the CLI is a view on the same operations as every other client",
  },
  {
    from: /^packages\/dashboard\//,
    except: test,
    never: /^(?:packages\/(?:daemon|cli)\/|packages\/client\/src\/node\/|node:)/,
    reason: "the page runs in a browser: only the contract and the client's browser entry exist there",
  },
  {
    from: /^packages\/daemon\/src\//,
    except: test,
    never: /^packages\/(?:client|cli|dashboard)\//,
    reason: "the daemon imports the contract only: what both sides need belongs there",
  },
  {
    from: /^packages\/daemon\/src\//,
    except: new RegExp(`${test.source}|/store\\.ts$|/storage/`),
    never: /^npm:kysely$/,
    reason: "only store.ts files and storage/ write SQL; another database must not touch anything else",
  },
  {
    from: new RegExp(`^${daemon}/core/`),
    except: test,
    never: new RegExp(`^${daemon}/(?!core/)`),
    reason: "core stands under everything and knows nothing of it",
  },
  {
    from: new RegExp(`^${daemon}/storage/`),
    except: test,
    never: new RegExp(`^${daemon}/(?!storage/|core/)`),
    reason: "storage offers tables to the rooms' stores and knows no room",
  },
  {
    from: new RegExp(`^${daemon}/host/`),
    except: test,
    never: new RegExp(`^${daemon}/(?!host/|core/)`),
    reason: "the process host is a program of its own that must outlive and outlast every version of the daemon's rooms",
  },
  {
    from: new RegExp(`^${daemon}/host/`),
    except: test,
    never: /^npm:(?:fastify|@fastify\/.*|socket\.io|kysely|ws|ajv)$/,
    reason: "the process host stays small: it holds every session's life and shares nothing with HTTP or SQL",
  },
  {
    from: new RegExp(`^${daemon}/transport/`),
    except: test,
    never: new RegExp(`^${daemon}/(?:${room}|host|storage|gateways|daemon\\.ts|main\\.ts)`),
    reason: "transports receive handlers and never import rooms, so that every transport carries every operation",
  },
  {
    from: new RegExp(`^${daemon}/${room}/state\\.ts$`),
    only: /^packages\/contract\/src\//,
    reason: "a state machine is pure: states and transitions, tested without a world around it",
  },
  {
    from: new RegExp(`^${daemon}/${room}/handlers\\.ts$`),
    never: new RegExp(`^(?:npm:|node:|${daemon}/(?!core/|${room}/))|/(?:store|state)\\.ts$`),
    reason: "handlers translate operations into service calls; rules, SQL, and engines are behind the service",
  },
  {
    from: new RegExp(`^${daemon}/${room}/(?:service|state|store)\\.ts$`),
    never: /\/handlers\.ts$/,
    reason: "handlers call the service, never the other way round",
  },
  {
    from: new RegExp(`^${daemon}/${room}/(?:state|store)\\.ts$`),
    never: /\/service\.ts$/,
    typesAreFree: true,
    reason: "the service stands above state and store",
  },
];

/** Starting must cost little more than starting Node itself; loading one of these costs more than all the rest. */
export const startUpRules: StartUpRule[] = [
  {
    roots: [
      "packages/cli/src/main.ts",
      "packages/cli/src/executions/run-command.ts",
      "packages/client/src/node/index.ts",
      "packages/client/src/node/main.ts",
      "packages/client/src/command/index.ts",
      "packages/client/src/commander/index.ts",
    ],
    never:
      /^(?:npm:commander|npm:zod|npm:smol-toml|npm:ws|npm:socket\.io-client|npm:eventsource-parser|node:https?|node:tls|node:child_process)$/,
    reason: "the CLI's start is paid by every command: these modules are loaded only by verbs that need them",
  },
];

export function checkImports(sources: Source[], rules: ImportRule[]): string[] {
  return rules.flatMap((rule) => {
    const about = sources.filter(({ path }) => rule.from.test(path) && rule.except?.test(path) !== true);
    if (about.length === 0) return [`stale rule: no file matches ${rule.from} (${rule.reason})`];
    return about.flatMap(({ path, imports }) =>
      imports.filter((one) => !isAllowed(rule, one)).map(({ specifier }) => `${path} imports ${specifier}: ${rule.reason}`),
    );
  });
}

function isAllowed({ only, never, typesAreFree }: ImportRule, { target, typeOnly }: Import): boolean {
  if (typeOnly && typesAreFree === true) return true;
  return (only === undefined || only.test(target)) && never?.test(target) !== true;
}

/** Follows every import that is not only a type and not dynamic, and reports the chain that leads to something forbidden. */
export function checkStartUp(sources: Source[], rules: StartUpRule[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return rules.flatMap(({ roots, never, reason }) => {
    const complaints: string[] = [];
    const seen = new Set<string>();
    const visit = (path: string, chain: string[]) => {
      if (seen.has(path)) return;
      seen.add(path);
      for (const { target, typeOnly, dynamic } of byPath.get(path)?.imports ?? []) {
        if (typeOnly || dynamic) continue;
        if (never.test(target)) complaints.push(`${[...chain, path, target].join(" → ")}: ${reason}`);
        else visit(target, [...chain, path]);
      }
    };
    for (const root of roots) {
      if (byPath.has(root)) visit(root, []);
      else complaints.push(`stale rule: there is no ${root} (${reason})`);
    }
    return complaints;
  });
}
