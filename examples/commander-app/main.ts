#!/usr/bin/env node
/** The program's entry: decides whether to route before anything heavy is imported. It is also the module that `[commands] modules` names. */
import { routeCommander } from "@gantry/client/commander";

const notes = routeCommander(() => import("./program.ts"), { name: "notes", module: import.meta.url, readsStdin: false });
export default notes;

if (import.meta.main) await notes.parseAsync();
