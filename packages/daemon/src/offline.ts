/** Answers questions about instances without a daemon, for the CLI: `main.ts --offline <operation> --input <json>`. */
import { existsSync } from "node:fs";

import { AdoptedServer, GantryError, InstanceName, instanceOperations, resolvePaths } from "@gantry/contract";
import type { PathInputs } from "@gantry/contract/paths";
import { z } from "zod";

import type { LoadedConfig } from "./config.ts";
import { sightHosts } from "./host/sightings.ts";
import { lookAt, readAdopted, removeAdopted, writeAdopted } from "./instances/adopted.ts";
import { diagnose } from "./instances/diagnosis/diagnose.ts";
import { haltServer } from "./instances/halt-server.ts";
import { findSiblings, listInstances } from "./instances/siblings.ts";
import { version } from "./version.ts";

export interface OfflineContext {
  inputs: PathInputs;
  /** Throws what is wrong with the configuration. */
  load(): LoadedConfig;
  /** The instance to speak of when the configuration cannot be read. */
  instance: string;
}

/** One question: what may be asked, and the answer. */
function question<Input extends z.ZodType>(
  input: Input,
  answer: (input: z.output<Input>, context: OfflineContext) => Promise<object> | object,
) {
  return (given: unknown, context: OfflineContext) => {
    const parsed = input.safeParse(given);
    if (parsed.success) return answer(parsed.data, context);
    const { path, message } = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new GantryError("invalidArgument", `${path.join(".") || "the input"}: ${message}. Nothing was changed.`);
  };
}

const named = z.strictObject({ name: InstanceName });
const onPort = z.strictObject({ port: z.int().min(1).max(65_535) });

const questions = {
  "instances.list": question(instanceOperations.list.input, (_input, { inputs }) => listInstances(inputs)),
  "instances.diagnostics": question(
    z.strictObject({ ...instanceOperations.diagnostics.input.shape, fix: z.boolean().default(false) }),
    ({ port, fix }, { inputs, load, instance }) => {
      const config = readable(load);
      const chosen = "problem" in config ? instance : config.config.instance;
      return diagnose({ inputs, siblings: findSiblings(inputs), chosen, config, port, sightHosts, version }, fix);
    },
  ),
  "servers.adopt": question(AdoptedServer, async (server, { inputs }) => {
    const { adoptedFile, databaseFile } = resolvePaths(server.name, inputs);
    const own = findSiblings(inputs).find(({ instance, record }) => instance === server.name && record !== undefined);
    if (own !== undefined || existsSync(databaseFile)) {
      throw new GantryError("conflict", `${server.name} is an instance of Gantry itself. Nothing was adopted; choose another --name.`);
    }
    writeAdopted(adoptedFile, server);
    return { ...server, ...(await lookAt(server)) };
  }),
  "servers.release": question(named, ({ name }, { inputs }) => {
    adoptedOf(name, inputs);
    removeAdopted(resolvePaths(name, inputs).adoptedFile);
    return { released: name };
  }),
  "servers.get": question(named, async ({ name }, { inputs }) => {
    const server = adoptedOf(name, inputs);
    return { ...server, ...(await lookAt(server)) };
  }),
  "servers.stop": question(named, ({ name }, { inputs }) => haltServer(adoptedOf(name, inputs))),
  "servers.getByPort": question(onPort, ({ port }) => lookAt(unadopted(port))),
  "servers.stopByPort": question(onPort, ({ port }) => haltServer(unadopted(port))),
} as const;

const unadopted = (port: number) => ({ port, healthUrl: `http://127.0.0.1:${port}/health`, pidFile: undefined, stopUrl: undefined });

function adoptedOf(name: string, inputs: PathInputs): AdoptedServer {
  const server = readAdopted(resolvePaths(name, inputs).adoptedFile);
  if (server === undefined) throw new GantryError("notFound", `No server was adopted under the name ${name}. See: gantry list`);
  return server;
}

export async function answerOffline(operation: string, input: unknown, context: OfflineContext): Promise<object> {
  const answer = Object.hasOwn(questions, operation) ? questions[operation as keyof typeof questions] : undefined;
  if (answer === undefined) throw new GantryError("invalidArgument", `${operation} needs a running instance.`);
  return answer(input, context);
}

function readable(load: () => LoadedConfig): LoadedConfig | { problem: string } {
  try {
    return load();
  } catch (error) {
    if (error instanceof GantryError && error.code === "configurationInvalid") return { problem: error.message };
    throw error;
  }
}
