/** One Moleculer node in a process of its own: `<type> <role> <ports…>`. Prints a line when it sees what it calls. */
import { type NodeRole, startNode, type Transport } from "./moleculer.ts";

const [type, role, ...ports] = process.argv.slice(2) as [Transport["type"], NodeRole, ...string[]];
const broker = await startNode(type, role, ports.map(Number));
process.on("SIGTERM", () => void broker.stop().then(() => process.exit(0)));
if (role === "relay") await broker.waitForServices("bench", 20_000);
process.stdout.write("ready\n");
