/** Makes every check, mends what may be mended, and says what is left. */
import type { Diagnosis, Finding } from "@gantry/contract";

import type { Check, Draft, Scene } from "./check.ts";
import { database, disk, permissions, stateFolder } from "./files.ts";
import { foreignServer } from "./foreign.ts";
import { hosts } from "./hosts.ts";
import { clock, descriptors } from "./machine.ts";
import { modules } from "./modules.ts";
import { port } from "./ports.ts";
import { profiles } from "./profiles.ts";
import { providers } from "./providers.ts";
import { orphan, record, socket, unresponsive } from "./records.ts";
import { style } from "./styles.ts";
import { configuration, version } from "./versions.ts";

/** What a later check would trip over comes first. */
const checks: readonly Check[] = [
  configuration,
  record,
  socket,
  orphan,
  unresponsive,
  version,
  style,
  hosts,
  port,
  stateFolder,
  permissions,
  database,
  disk,
  clock,
  descriptors,
  modules,
  providers,
  profiles,
  foreignServer,
];

export async function diagnose(scene: Scene, fix: boolean): Promise<Diagnosis> {
  const findings: Finding[] = [];
  for (const check of checks) for (const draft of await draftsOf(check, scene)) findings.push(await settle(check.name, draft, fix));
  const clean = findings.every(({ severity, fixed }) => severity === "note" || fixed);
  return { clean, checks: checks.map(({ name }) => name), findings };
}

async function draftsOf(check: Check, scene: Scene): Promise<Draft[]> {
  try {
    return await check.look(scene);
  } catch (error) {
    // One that cannot be made must not hide what the others find.
    return [
      {
        severity: "warning",
        cause: `The check ${check.name} could not be made: ${(error as Error).message}.`,
        consequence: "What it would have found is not known.",
        remedy: "gantry diagnose --json, as the user that owns the instance",
      },
    ];
  }
}

async function settle(check: string, { fix, ...draft }: Draft, wanted: boolean): Promise<Finding> {
  const finding = { check, ...draft, fixable: fix !== undefined, fixed: false };
  if (!wanted || fix === undefined) return finding;
  try {
    await fix();
    return { ...finding, fixed: true };
  } catch (error) {
    return { ...finding, remedy: `${finding.remedy} (mending failed: ${(error as Error).message})` };
  }
}
