/** Relayed calls against Moleculer over its own TCP transport. */
import { freePort } from "./execute/redis.ts";
import { compareWithMoleculer } from "./relay/compare-with-moleculer.ts";

export default compareWithMoleculer({
  name: "relay-moleculer-tcp",
  type: "TCP",
  atLeast: 1.1,
  prepare: async () => ({ ports: [await freePort(), await freePort(), await freePort()], stop: async () => undefined }),
});
