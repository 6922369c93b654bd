/** How far a batch is: one bar, a colour for each outcome, and the same in numbers. */
import type { BatchCounts } from "@gantry/contract";
import { Progress } from "@mantine/core";

import classes from "./batch-progress.module.css";

/** In the order in which they stand: what is done first. */
const parts = [
  { name: "succeeded", colour: "#2f9e5b" },
  { name: "failed", colour: "#d9433f" },
  { name: "cancelled", colour: "#b9770e" },
  { name: "skipped", colour: "#8d97a6" },
  { name: "running", colour: "#3b7ed6" },
] as const;

export function doneOf({ succeeded, failed, skipped, cancelled }: BatchCounts): number {
  return succeeded + failed + skipped + cancelled;
}

export function BatchProgress({ counts, size = "md", words = false }: { counts: BatchCounts; size?: "sm" | "md"; words?: boolean }) {
  const done = doneOf(counts);
  return (
    <div className={classes.progress}>
      <Progress.Root size={size === "sm" ? 6 : 12} aria-label={`${done} of ${counts.total} items are done`}>
        {parts.map(({ name, colour }) => (
          <Progress.Section
            key={name}
            value={(counts[name] / counts.total) * 100}
            color={colour}
            withAria={false}
            {...(name === "running" ? { animated: true } : {})}
          />
        ))}
      </Progress.Root>
      {words && (
        <ul className={classes.legend}>
          <li className="number">
            <strong>
              {done} of {counts.total}
            </strong>{" "}
            done
          </li>
          {parts
            .filter(({ name }) => counts[name] > 0)
            .map(({ name, colour }) => (
              <li key={name} className="number">
                <svg width="9" height="9" aria-hidden="true">
                  <circle cx="4.5" cy="4.5" r="4.5" fill={colour} />
                </svg>
                {counts[name]} {name}
              </li>
            ))}
          {counts.waiting > 0 && <li className="number">{counts.waiting} waiting</li>}
        </ul>
      )}
    </div>
  );
}
