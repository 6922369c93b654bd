/** The numbers that matter at a glance; each leads to its room. */
import type { InstanceStatus } from "@gantry/contract";
import { Link } from "@tanstack/react-router";

import classes from "./counts.module.css";

export function Counts({ status }: { status: InstanceStatus }) {
  const { executions, sessions, providers } = status;
  return (
    <div className={classes.counts}>
      <Link to="/executions" className={`panel ${classes.count}`}>
        <strong className="number">{executions.running}</strong>
        <span>running</span>
        <small className="number">
          {executions.queued} queued · {executions.total} in all
        </small>
      </Link>
      <Link to="/sessions" className={`panel ${classes.count}`}>
        <strong className="number">{sessions.live}</strong>
        <span>live sessions</span>
        <small className="number">{sessions.total} in all</small>
      </Link>
      <Link to="/providers" className={`panel ${classes.count}`}>
        <strong className="number">{providers.names}</strong>
        <span>providers</span>
        <small className="number">{providers.instances} instances</small>
      </Link>
      <Link to="/providers" className={`panel ${classes.count}`}>
        <strong className="number">{providers.callsInFlight}</strong>
        <span>calls in flight</span>
        <small>to providers</small>
      </Link>
    </div>
  );
}
