/** Relayed calls against Moleculer over a local Redis. */
import { redisServer } from "../test/support/not-run.ts";
import { startRedis } from "./execute/redis.ts";
import { compareWithMoleculer } from "./relay/compare-with-moleculer.ts";

export default compareWithMoleculer({
  name: "relay-moleculer-redis",
  type: "Redis",
  atLeast: 1.5,
  notRun: () => (redisServer.find() === undefined ? redisServer.absence : undefined),
  async prepare() {
    const { port, stop } = await startRedis(redisServer.find() as string);
    return { ports: [port], stop };
  },
});
