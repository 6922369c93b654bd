/** The numbers of an execution, and where its time went. */
import type { Execution } from "@gantry/contract";

import { Ago } from "../app/parts/ago.tsx";
import { formatBytes, formatDuration } from "../app/parts/format.ts";
import classes from "./execution-facts.module.css";

export function ExecutionFacts({ execution }: { execution: Execution }) {
  const { exitCode, signal, durationMs, queuedMs, attempt, outputBytes, owner, cwd, createdAt, kind } = execution;
  return (
    <div className={`panel ${classes.facts}`}>
      {exitCode !== null && <Fact name="Exit code" value={exitCode} strong={exitCode !== 0} />}
      {signal !== null && <Fact name="Signal" value={signal} strong />}
      <Fact name="Ran for" value={durationMs === null ? "–" : formatDuration(durationMs)} />
      <Fact name="Waited" value={queuedMs === null ? "–" : formatDuration(queuedMs)} />
      <Fact name="Started" value={<Ago time={createdAt} />} />
      <Fact name="Output" value={formatBytes(outputBytes)} />
      {attempt > 1 && <Fact name="Attempt" value={attempt} />}
      <Fact name="Kind" value={kind} />
      <Fact name="By" value={owner} mono />
      <Fact name="In" value={cwd} mono wide />
    </div>
  );
}

interface FactProps {
  name: string;
  value: React.ReactNode;
  strong?: boolean;
  mono?: boolean;
  wide?: boolean;
}

function Fact({ name, value, strong = false, mono = false, wide = false }: FactProps) {
  return (
    <div className={classes.fact} data-wide={wide || undefined}>
      <span>{name}</span>
      <strong className={mono ? "mono" : "number"} data-strong={strong || undefined}>
        {value}
      </strong>
    </div>
  );
}
