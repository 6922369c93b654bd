/** An execution's output as it comes. Sticks to the end until somebody scrolls up. */
import { Button, Text } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { memo, useEffect, useLayoutEffect, useRef, useState } from "react";

import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import type { OutputLine } from "./output-buffer.ts";
import classes from "./output-view.module.css";
import { useOutput } from "./use-output.ts";

/** Nearer than this to the end counts as being there. */
const nearEndPx = 24;

export function OutputView({ executionId }: { executionId: string }) {
  const { lines, dropped, ended, error } = useOutput(executionId);
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);

  useLayoutEffect(() => {
    if (following) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [lines, following]);
  useEffect(() => setFollowing(true), [executionId]);

  return (
    <div className={classes.frame}>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolled region must be reachable by keyboard */}
      <div
        ref={box}
        className={classes.output}
        tabIndex={0}
        role="log"
        aria-label="Output"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < nearEndPx)
        }
      >
        {dropped > 0 && (
          <div className={classes.note}>
            {dropped.toLocaleString()} earlier lines are not shown. All of them: gantry output {executionId}
          </div>
        )}
        {lines.map((line) => (
          <Line key={line.number} line={line} />
        ))}
        {lines.length === 0 && <div className={classes.note}>{ended ? "It wrote nothing." : "Waiting for output…"}</div>}
      </div>
      {!following && (
        <Button className={classes.down} size="compact-sm" leftSection={<IconArrowDown size={14} />} onClick={() => setFollowing(true)}>
          To the end
        </Button>
      )}
      {error !== undefined && (
        <div className={classes.problem}>
          {ended ? <ProblemAlert error={error} /> : <Text size="sm">The connection was lost. Trying again; nothing is missed.</Text>}
        </div>
      )}
    </div>
  );
}

const Line = memo(function Line({ line }: { line: OutputLine }) {
  return (
    <div className={classes.line} data-stream={line.stream} title={line.stream === "stderr" ? "standard error" : undefined}>
      {line.text === "" ? "\u00a0" : line.text}
    </div>
  );
});
