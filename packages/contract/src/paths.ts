/** The one place that knows where an instance keeps its files. Pure text: no file is touched and the working directory plays no part. */

export interface PathInputs {
  /** Usually `process.env`. Read: GANTRY_HOME, XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR. */
  env: Readonly<Record<string, string | undefined>>;
  homeDirectory: string;
}

export interface InstancePaths {
  /** The user's configuration file, shared by all instances. */
  userConfigFile: string;
  /** Database, logs, outputs, recordings, keys. Kept across restarts. */
  stateDirectory: string;
  databaseFile: string;
  logFile: string;
  outputsDirectory: string;
  recordingsDirectory: string;
  /** The key made at first start, role admin, mode 0600. */
  bootstrapKeyFile: string;
  /** With it the database's sealed texts are read: what must outlive a restart and is secret. Mode 0600. */
  sealingKeyFile: string;
  /** Present instead of everything else when the name is that of an adopted server. */
  adoptedFile: string;
  /** Lock, sockets, record. Worthless after a reboot. */
  runDirectory: string;
  lockFile: string;
  recordFile: string;
  controlSocket: string;
  /** Sockets and pid files of process hosts. */
  hostsDirectory: string;
}

export interface RootPaths {
  configDirectory: string;
  /** One folder an instance below it. */
  stateRoot: string;
  /** One folder an instance below it, or undefined: then run files are kept inside each instance's state folder. */
  runRoot: string | undefined;
}

export function resolveRoots({ env, homeDirectory }: PathInputs): RootPaths {
  const home = absolute(env.GANTRY_HOME);
  if (home !== undefined) return { configDirectory: `${home}/config`, stateRoot: `${home}/state`, runRoot: `${home}/run` };
  const runtime = absolute(env.XDG_RUNTIME_DIR);
  return {
    configDirectory: `${absolute(env.XDG_CONFIG_HOME) ?? `${homeDirectory}/.config`}/gantry`,
    stateRoot: `${absolute(env.XDG_STATE_HOME) ?? `${homeDirectory}/.local/state`}/gantry`,
    runRoot: runtime === undefined ? undefined : `${runtime}/gantry`,
  };
}

export function resolvePaths(instance: string, inputs: PathInputs): InstancePaths {
  const { configDirectory, stateRoot, runRoot } = resolveRoots(inputs);
  const stateDirectory = `${stateRoot}/${instance}`;
  const runDirectory = runRoot === undefined ? `${stateDirectory}/run` : `${runRoot}/${instance}`;
  return {
    userConfigFile: `${configDirectory}/gantry.toml`,
    stateDirectory,
    databaseFile: `${stateDirectory}/gantry.db`,
    logFile: `${stateDirectory}/logs/daemon.log`,
    outputsDirectory: `${stateDirectory}/outputs`,
    recordingsDirectory: `${stateDirectory}/recordings`,
    bootstrapKeyFile: `${stateDirectory}/bootstrap.key`,
    sealingKeyFile: `${stateDirectory}/sealing.key`,
    adoptedFile: `${stateDirectory}/adopted.json`,
    runDirectory,
    lockFile: `${runDirectory}/lock.db`,
    recordFile: `${runDirectory}/instance.json`,
    controlSocket: `${runDirectory}/control.sock`,
    hostsDirectory: `${runDirectory}/hosts`,
  };
}

/** What the service of an instance is called, and the file that defines it. */
export interface ServicePlace {
  name: string;
  file: string;
}

export function servicePlaces(instance: string, { env, homeDirectory }: PathInputs): { systemd: ServicePlace; launchd: ServicePlace } {
  const unit = `gantry-${instance}.service`;
  const agent = `dev.gantry.${instance}`;
  return {
    systemd: { name: unit, file: `${env.XDG_CONFIG_HOME ?? `${homeDirectory}/.config`}/systemd/user/${unit}` },
    launchd: { name: agent, file: `${homeDirectory}/Library/LaunchAgents/${agent}.plist` },
  };
}

/** The XDG specification says that relative values are invalid and must be ignored; the same goes for GANTRY_HOME. */
function absolute(value: string | undefined): string | undefined {
  return value?.startsWith("/") === true ? value.replace(/\/+$/, "") : undefined;
}
