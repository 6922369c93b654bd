/** Checks of TCP ports: who holds the one that an instance wants, and what a port that was asked about is. */
import { findPortHolder } from "../port-holder.ts";
import { type Check, type Draft, flag, living, type Scene } from "./check.ts";

export const port: Check = {
  name: "port",
  async look(scene) {
    const wanted = "problem" in scene.config ? 0 : scene.config.config.daemon.port;
    return [...lookAtWanted(scene, wanted), ...(scene.port === undefined ? [] : await describePort(scene, scene.port))];
  },
};

const ownerOf = (scene: Scene, number: number) => living(scene).find(({ record }) => record.port === number);

/** Of the chosen instance, when it does not run: would it get its port? */
function lookAtWanted(scene: Scene, wanted: number): Draft[] {
  const { chosen } = scene;
  if (wanted === 0 || wanted === scene.port || living(scene).some(({ instance }) => instance === chosen)) return [];
  const owner = ownerOf(scene, wanted);
  const holder = findPortHolder(wanted);
  if (owner === undefined && holder === undefined) return [];
  const cause =
    owner === undefined
      ? `Its port ${wanted} is taken by a process that is not Gantry's: ${holder?.pid} (${holder?.command}).`
      : `Its port ${wanted} is taken by instance ${owner.instance}: two instances are configured for one port.`;
  const stop = owner === undefined ? "stop that process" : `gantry stop${flag(owner.instance)}`;
  return [
    {
      severity: "warning",
      instance: chosen,
      cause,
      consequence: `gantry start${flag(chosen)} will refuse.`,
      remedy: `gantry start${flag(chosen)} --port 0, or set [daemon] port, or ${stop}`,
    },
  ];
}

const probeTimeoutMs = 1500;

async function describePort(scene: Scene, number: number): Promise<Draft[]> {
  const owner = ownerOf(scene, number);
  if (owner !== undefined) {
    const { instance, record } = owner;
    return [
      {
        severity: "note",
        instance,
        cause: `Port ${number} is instance ${instance} (${record.style} style, process ${record.pid}).`,
        consequence:
          record.style === "daemon" ? "It runs by itself in the background." : "It runs in a terminal, a service, or a container.",
        remedy:
          record.style === "daemon"
            ? `gantry stop${flag(instance)}`
            : `Ctrl-C where it runs, or its service, or gantry stop${flag(instance)}`,
      },
    ];
  }
  const holder = findPortHolder(number);
  const health = await probe(number);
  if (holder === undefined && health === undefined) {
    return [
      {
        severity: "note",
        cause: `Nothing listens on port ${number}.`,
        consequence: "It is free.",
        remedy: `gantry start --port ${number}`,
      },
    ];
  }
  const who = holder === undefined ? "A process of another user" : `Process ${holder.pid} (${holder.command})`;
  const speaks = health === undefined ? "It does not answer GET /health." : `It answers GET /health with ${health}.`;
  return [
    {
      severity: "warning",
      cause: `${who} listens on port ${number} and is no instance of Gantry. ${speaks}`,
      consequence: "No instance can use this port while it runs. It is never signalled unless you adopt it.",
      remedy: `gantry start --port 0, or gantry adopt --name <name> --port ${number}`,
    },
  ];
}

async function probe(number: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${number}/health`, { redirect: "manual", signal: AbortSignal.timeout(probeTimeoutMs) });
    const text = (await response.text()).slice(0, 200).replaceAll(/\s+/g, " ");
    return `${response.status} ${text}`;
  } catch {
    return undefined;
  }
}
