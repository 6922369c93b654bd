/** Moleculer nodes for comparison: a caller in the benchmark's process, a relay and a provider in processes of their own. */
import { Server } from "node:net";

import { ServiceBroker } from "moleculer";

export interface Transport {
  type: "TCP" | "Redis" | "NATS";
  options: Record<string, unknown>;
}

export const roles = ["caller", "relay", "provider"] as const;
export type NodeRole = (typeof roles)[number];

/** Moleculer's TCP server listens on every address; here nobody but this machine is to reach it. */
function listenOnLoopbackOnly(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
  const { listen } = Server.prototype as unknown as { listen: (this: Server, ...args: unknown[]) => Server };
  Object.assign(Server.prototype, {
    listen(this: Server, options: unknown, ...rest: unknown[]) {
      const isOpen = typeof options === "object" && options !== null && "port" in options && !("host" in options);
      return listen.call(this, isOpen ? { ...options, host: "127.0.0.1" } : options, ...rest);
    },
  });
}

/** `ports` are for TCP, which finds its peers by a list of addresses instead of by multicast. */
export function transportOf(type: Transport["type"], role: NodeRole, ports: number[]): Transport {
  if (type === "Redis") return { type, options: { host: "127.0.0.1", port: ports[0] } };
  if (type === "NATS") return { type, options: { url: `nats://127.0.0.1:${ports[0]}` } };
  const urls = roles.map((name, index) => `127.0.0.1:${ports[index]}/${name}`);
  return { type, options: { udpDiscovery: false, useHostname: false, port: ports[roles.indexOf(role)], urls } };
}

export async function startNode(type: Transport["type"], role: NodeRole, ports: number[]): Promise<ServiceBroker> {
  listenOnLoopbackOnly();
  const broker = new ServiceBroker({
    nodeID: role,
    logger: false,
    transporter: transportOf(type, role, ports) as never,
    retryPolicy: { enabled: true, retries: 3 },
    metrics: false,
    tracing: false,
  });
  if (role === "relay") {
    broker.createService({ name: "relay", actions: { echo: (ctx) => ctx.call("bench.echo", ctx.params as object) } });
  }
  if (role === "provider") {
    broker.createService({ name: "bench", actions: { echo: (ctx) => ({ text: (ctx.params as { text: string }).text }) } });
  }
  await broker.start();
  return broker;
}
