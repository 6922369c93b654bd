/** One small chart over time, drawn by uPlot. Loaded lazily: only the overview needs it. */
import "uplot/dist/uPlot.min.css";

import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import UPlot from "uplot";

import { formatClock } from "../app/parts/format.ts";

export interface Line {
  label: string;
  colour: string;
  fill?: boolean;
}

export interface LoadChartProps {
  timesMs: readonly number[];
  values: readonly (readonly number[])[];
  lines: readonly Line[];
  format(value: number): string;
  /** The axis reaches at least this far, so that noise near zero looks like noise. */
  least: number;
  /** Of the axis, when decimal ones would read badly. */
  steps?: readonly number[] | undefined;
}

const heightPx = 132;
/** From the beginning, so that a line grows instead of shrinking. */
const leastSeconds = 120;

export default function LoadChart({ timesMs, values, lines, format, least, steps }: LoadChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const scheme = useComputedColorScheme();

  // A new theme needs new colours, which uPlot takes only when it is made.
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const style = getComputedStyle(element);
    const made = new UPlot(
      {
        width: element.clientWidth,
        height: heightPx,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: "load" } },
        padding: [8, 26, 0, 0],
        scales: {
          x: { time: true, range: (_plot, min, max) => [Math.min(min, max - leastSeconds), max] },
          y: { range: (_plot, _min, max) => [0, Math.max(least, (Number.isFinite(max) ? max : 0) * 1.15)] },
        },
        axes: [
          axis(style, { size: 24, space: 90, values: (_plot, ticks) => ticks.map((tick) => formatClock(tick * 1000)) }),
          axis(style, {
            size: 62,
            space: 34,
            ...(steps === undefined ? {} : { incrs: [...steps] }),
            values: (_plot, ticks) => ticks.map(format),
          }),
        ],
        series: [
          {},
          ...lines.map(({ label, colour, fill }) => ({
            label,
            stroke: colour,
            width: 1.75,
            points: { show: false },
            ...(fill === true ? { fill: `${colour}22` } : {}),
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- lines, format, least, and steps are constants of each chart
  }, [scheme]);

  useEffect(() => {
    plot.current?.setData([timesMs.map((time) => time / 1000), ...values.map((line) => [...line])]);
  }, [timesMs, values, scheme]);

  return <div ref={box} style={{ width: "100%", height: heightPx, overflow: "hidden" }} />;
}

function axis(style: CSSStyleDeclaration, rest: UPlot.Axis): UPlot.Axis {
  const line = style.getPropertyValue("--gantry-line");
  return {
    stroke: style.getPropertyValue("--gantry-quiet"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    gap: 6,
    ...rest,
  };
}
