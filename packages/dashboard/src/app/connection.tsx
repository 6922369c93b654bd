/** Says whether the daemon answers now. Quiet while it does. */
import { useFeed } from "./event-feed.tsx";
import classes from "./connection.module.css";

const words = { connecting: "Connecting", live: "Live", lost: "Reconnecting" } as const;

export function Connection() {
  const { connection } = useFeed();
  return (
    <span
      className={classes.connection}
      data-connection={connection}
      role="status"
      title={connection === "lost" ? "The daemon does not answer. Start it with: gantry start" : undefined}
    >
      {words[connection]}
    </span>
  );
}
