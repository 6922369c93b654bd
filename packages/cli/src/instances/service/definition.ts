/** The file that lets the system start an instance at login and keep it running: a systemd user unit or a launchd agent. */

import type { ServicePlace } from "@gantry/contract/paths";

export interface ServiceFacts {
  instance: string;
  /** Absolute: the program and its arguments. */
  argv: readonly string[];
  workingDirectory: string;
  /** What the instance is found by, such as GANTRY_HOME. */
  env: Readonly<Record<string, string>>;
}

export interface ServiceDefinition extends ServicePlace {
  text: string;
}

/** As systemd reads it: a percent sign and a dollar sign have meanings of their own, and words are quoted. */
function systemdWord(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return `"${escaped}"`;
}

export function systemdUnit(facts: ServiceFacts, place: ServicePlace): ServiceDefinition {
  const environment = Object.entries(facts.env).map(
    ([key, value]) => `Environment=${systemdWord(`${key}=${value}`).replaceAll("$$", "$")}`,
  );
  const lines = [
    "[Unit]",
    `Description=Gantry, instance ${facts.instance}`,
    "StartLimitIntervalSec=60",
    "StartLimitBurst=5",
    "",
    "[Service]",
    "Type=notify",
    "NotifyAccess=all",
    `ExecStart=${facts.argv.map(systemdWord).join(" ")}`,
    "# What has changed in gantry.toml; what runs is not touched.",
    "ExecReload=/bin/kill -HUP $MAINPID",
    `WorkingDirectory=${facts.workingDirectory.replaceAll("%", "%%")}`,
    ...environment,
    "Restart=on-failure",
    "RestartSec=2",
    "# Only the daemon: sessions and running programs live on, as after gantry stop, in the process host and its own scope.",
    "KillMode=process",
    "# A command that takes too much memory is not the end of the daemon.",
    "OOMPolicy=continue",
    "TimeoutStopSec=30",
    "LimitNOFILE=65536",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ];
  return { ...place, text: lines.join("\n") };
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function launchdAgent(facts: ServiceFacts, place: ServicePlace, logFile: string): ServiceDefinition {
  const strings = (words: readonly string[]) => words.map((word) => `    <string>${xml(word)}</string>`).join("\n");
  const environment = Object.entries(facts.env).map(([key, value]) => `    <key>${xml(key)}</key>\n    <string>${xml(value)}</string>`);
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${place.name}</string>
  <key>ProgramArguments</key>
  <array>
${strings(facts.argv)}
  </array>
  <key>WorkingDirectory</key>
  <string>${xml(facts.workingDirectory)}</string>
  <key>EnvironmentVariables</key>
  <dict>
${environment.join("\n")}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardErrorPath</key>
  <string>${xml(logFile)}</string>
</dict>
</plist>
`;
  return { ...place, text };
}
