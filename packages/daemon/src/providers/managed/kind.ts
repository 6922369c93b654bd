/** What each kind of managed provider implements: the start of one instance, under the supervisor's rules. */
import type { ProviderConfiguration } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { LineRing } from "./line-ring.ts";
import type { LocalBehaviour, LocalDocument, LocalProvider } from "./local-link.ts";

/** One configured provider. */
export interface ManagedProvider {
  readonly name: string;
  readonly settings: ProviderConfiguration;
  /** The folder of the configuration file: relative paths of the settings are relative to it. */
  readonly baseDirectory: string;
  /** The daemon's environment, for keys that are named and variables that are handed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the start of one instance is given. */
export interface InstanceContext {
  readonly provider: ManagedProvider;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted when the start takes too long or is no longer wanted: the start must then clean up and reject. */
  readonly signal: AbortSignal;
  /** Where the program's standard error goes; shown in the status. */
  readonly stderr: LineRing;
  /** The pid of the program that was started, for the status. */
  notePid(pid: number): void;
  /** Registers a provider inside the daemon under this name and instance. */
  join(document: LocalDocument, behaviour: LocalBehaviour): LocalProvider;
  /** Resolves when a connection with this key has registered the provider's name; rejects when `signal` is aborted first. */
  joinedBy(keyId: string): Promise<void>;
}

/** An instance that is up: registered, and able to take calls. */
export interface RunningInstance {
  /** Settles when it ended by itself, with the reason. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it and everything it started; settles when nothing is left. */
  stop(reason: string): Promise<void>;
}

/** Resolves once the instance is up. Rejects, with nothing left behind, when that does not succeed. */
export type StartInstance = (context: InstanceContext) => Promise<RunningInstance>;
