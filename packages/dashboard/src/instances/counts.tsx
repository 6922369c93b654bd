/** The numbers that matter at a glance; each leads to its room. */
import type { InstanceStatus } from "@gantry/contract";
import { Link } from "@tanstack/react-router";

import { plural } from "../app/parts/format.ts";
import classes from "./counts.module.css";

export function Counts({ status }: { status: InstanceStatus }) {
  const { executions, sessions, providers } = status;
  return (
    <div className={classes.counts}>
      <Link to="/executions" className={`panel ${classes.count}`}>
        <strong className="number">{executions.running}</strong>
        <span>running</span>
        <small className="number">
          {executions.queued} queued · {executions.pausedQueues.length > 0 ? paused(executions.pausedQueues) : `${executions.total} in all`}
        </small>
      </Link>
      <Link to="/sessions" className={`panel ${classes.count}`}>
        <strong className="number">{sessions.live}</strong>
        <span>live {sessions.live === 1 ? "session" : "sessions"}</span>
        <small className="number">{sessions.total} in all</small>
      </Link>
      <Link to="/providers" className={`panel ${classes.count}`}>
        <strong className="number">{providers.names}</strong>
        <span>{providers.names === 1 ? "provider" : "providers"}</span>
        <small className="number">{plural(providers.instances, "instance")}</small>
      </Link>
      <Link to="/providers" className={`panel ${classes.count}`}>
        <strong className="number">{providers.callsInFlight}</strong>
        <span>{providers.callsInFlight === 1 ? "call" : "calls"} in flight</span>
        <small>to providers</small>
      </Link>
    </div>
  );
}

function paused(queues: readonly string[]): string {
  return queues.length === 1 ? `${queues[0]} is paused` : `${plural(queues.length, "queue")} paused`;
}
