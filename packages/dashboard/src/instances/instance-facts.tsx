/** Where the instance keeps its things: what one copies into a terminal. */
import type { InstanceStatus } from "@gantry/contract";

import classes from "./instance-facts.module.css";

export function InstanceFacts({ status }: { status: InstanceStatus }) {
  const facts: [string, string][] = [
    ["Instance", status.instance],
    ["Process", `${status.pid}, ${status.style === "daemon" ? "in the background" : "in the foreground"}`],
    ["Configuration", status.configFile ?? "defaults, environment, and flags"],
    ["State", status.stateDirectory],
    ["Log", status.logFile],
  ];
  return (
    <dl className={`panel ${classes.facts}`}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="mono">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
