/** The four charts of the overview: CPU, memory, event-loop delay, executions. */
import { SimpleGrid, Skeleton, Text } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";

import { formatBytes } from "../app/parts/format.ts";
import type { Line } from "./load-chart.tsx";
import classes from "./load-panels.module.css";
import { type LoadSample, useLoadSamples } from "./load-samples.ts";

const LoadChart = lazy(() => import("./load-chart.tsx"));

interface Panel {
  title: string;
  about: string;
  lines: readonly Line[];
  read(sample: LoadSample): readonly number[];
  format(value: number): string;
  least: number;
  /** Steps of the axis, when decimal ones would read badly. */
  steps?: readonly number[];
}

const count = (value: number) => (Number.isInteger(value) ? String(value) : "");

const panels: readonly Panel[] = [
  {
    title: "CPU",
    about: "share of one core",
    lines: [{ label: "daemon", colour: "#3b7ed6", fill: true }],
    read: ({ cpuPercent }) => [cpuPercent],
    format: (value) => `${Math.round(value * 10) / 10} %`,
    least: 10,
  },
  {
    title: "Memory",
    about: "of the daemon",
    lines: [
      { label: "resident", colour: "#7c68c8", fill: true },
      { label: "heap", colour: "#c3589b" },
    ],
    read: ({ rssBytes, heapUsedBytes }) => [rssBytes, heapUsedBytes],
    format: formatBytes,
    least: 64 * 1024 ** 2,
    steps: Array.from({ length: 16 }, (_, power) => 2 ** power * 1024 ** 2),
  },
  {
    title: "Event-loop delay",
    about: "99th percentile",
    lines: [{ label: "delay", colour: "#c77d0a", fill: true }],
    read: ({ eventLoopDelayMs }) => [eventLoopDelayMs],
    format: (value) => `${Math.round(value * 10) / 10} ms`,
    least: 5,
  },
  {
    title: "Executions",
    about: "",
    lines: [
      { label: "new per 2 s", colour: "#2f9e5b", fill: true },
      { label: "running", colour: "#3b7ed6" },
      { label: "queued", colour: "#8d97a6" },
    ],
    read: ({ executionsStarted, executionsRunning, executionsQueued }) => [executionsStarted, executionsRunning, executionsQueued],
    format: count,
    least: 4,
  },
];

export function LoadPanels() {
  const samples = useLoadSamples();
  const timesMs = useMemo(() => samples.map((sample) => sample.timeMs), [samples]);
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
      {panels.map((panel) => (
        <LoadPanel key={panel.title} panel={panel} samples={samples} timesMs={timesMs} />
      ))}
    </SimpleGrid>
  );
}

function LoadPanel({ panel, samples, timesMs }: { panel: Panel; samples: readonly LoadSample[]; timesMs: readonly number[] }) {
  const values = useMemo(() => {
    const rows = samples.map(panel.read);
    return panel.lines.map((_, index) => rows.map((row) => row[index] as number));
  }, [samples, panel]);
  const now = samples.at(-1);
  const latest = now === undefined ? [] : panel.read(now);
  return (
    <section className={`panel ${classes.panel}`} aria-label={panel.title}>
      <header className={classes.header}>
        <h2 className={classes.title}>
          {panel.title} <span className={classes.about}>{panel.about}</span>
        </h2>
        <dl className={classes.legend}>
          {panel.lines.map(({ label, colour }, index) => (
            <div key={label} className={classes.entry}>
              <dt className={panel.lines.length > 1 ? classes.name : "visually-hidden"}>
                <i style={{ background: colour }} />
                {label}
              </dt>
              <dd className="number">{latest[index] === undefined ? "–" : panel.format(latest[index])}</dd>
            </div>
          ))}
        </dl>
      </header>
      {samples.length < 2 ? (
        <div className={classes.waiting}>
          <Text size="sm" c="dimmed">
            Measuring…
          </Text>
        </div>
      ) : (
        <Suspense fallback={<Skeleton height={132} />}>
          <LoadChart timesMs={timesMs} values={values} lines={panel.lines} format={panel.format} least={panel.least} steps={panel.steps} />
        </Suspense>
      )}
    </section>
  );
}
