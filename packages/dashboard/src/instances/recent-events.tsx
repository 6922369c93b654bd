/** The last events in one line each, newest first. */
import type { EventEnvelope } from "@gantry/contract";

import { useFeed } from "../app/event-feed.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatClock } from "../app/parts/format.ts";
import { describeEvent } from "./describe-event.ts";
import classes from "./recent-events.module.css";

const shownEvents = 12;

export function RecentEvents() {
  const { recent } = useFeed();
  if (recent.length === 0) {
    return (
      <EmptyState title="Nothing yet" commands={["npx gantry run greet --name Ada"]}>
        Whatever starts, ends, joins, or leaves shows up here at once.
      </EmptyState>
    );
  }
  return (
    <ol className={classes.events}>
      {recent.slice(0, shownEvents).map((event) => (
        <Event key={event.seq} event={event} />
      ))}
    </ol>
  );
}

function Event({ event }: { event: EventEnvelope }) {
  return (
    <li className={classes.event}>
      <time dateTime={event.time} className="number">
        {formatClock(event.time)}
      </time>
      <span className={classes.type}>{event.type}</span>
      <span className={classes.what}>{describeEvent(event)}</span>
    </li>
  );
}
