/** What every check of a diagnosis is given and gives. */
import type { Finding, InstanceRecord } from "@gantry/contract";
import type { PathInputs } from "@gantry/contract/paths";

import type { LoadedConfig } from "../../config.ts";
import type { Sibling } from "../siblings.ts";

/** Everything known before the checks begin, read once, so that they all speak of the same moment. */
export interface Scene {
  inputs: PathInputs;
  siblings: readonly Sibling[];
  /** The instance that the command line, environment, or project chose. */
  chosen: string;
  /** Its configuration, or why it cannot be read. */
  config: LoadedConfig | { problem: string };
  /** Look at who listens there too. */
  port: number | undefined;
  /** What the process hosts of an instance have left in the folder of their sockets. */
  sightHosts(directory: string): { number: number; pid: number | undefined; children: { id: string; pid: number }[] }[];
  /** Of the program that diagnoses. */
  version: string;
}

export interface Draft extends Pick<Finding, "severity" | "cause" | "consequence" | "remedy"> {
  instance?: string;
  /** Mends it without touching anything that lives. */
  fix?(): Promise<void> | void;
}

export interface Check {
  name: string;
  look(scene: Scene): Promise<Draft[]> | Draft[];
}

export type Living = Sibling & { record: InstanceRecord };

export function living({ siblings }: Scene): Living[] {
  return siblings.filter((sibling): sibling is Living => sibling.process === "alive");
}

/** The flag that a remedy needs to name an instance. */
export function flag(instance: string): string {
  return instance === "default" ? "" : ` --instance ${instance}`;
}
