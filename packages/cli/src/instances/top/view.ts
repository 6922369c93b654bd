/** The screen of `gantry top`: the load, one list at a time, and a line of keys. */
import { Box, Text, useInput, useWindowSize } from "ink";
import { createElement as h, useEffect, useState } from "react";

import { sparkline } from "../../executions/history-summary.ts";
import { headline, readSnapshot, type Snapshot, type TopList, type TopRow } from "./snapshot.ts";
import type { TopOptions, TopOutcome } from "./screen.ts";
import { columnWidths } from "./column-widths.ts";

const readEveryMs = 1000;
const keptSamples = 40;
/** Lines that are not rows of the list: three of load, the tabs, the heads, the message, the keys, and the space between. */
const otherLines = 10;
const fewestRows = 3;

const colours: Record<string, string> = {
  running: "cyan",
  active: "green",
  ready: "green",
  failing: "red",
  degraded: "yellow",
  draining: "yellow",
  offline: "gray",
  queued: "gray",
  scheduled: "gray",
};

type ViewProps = TopOptions & { onLeave(outcome: TopOutcome): void };

export function TopView({ connect, instance, list: first, openPage, onLeave }: ViewProps) {
  const { columns, rows: lines } = useWindowSize();
  const [snapshot, setSnapshot] = useState<Snapshot>();
  const [cpu, setCpu] = useState<readonly number[]>([]);
  const [list, setList] = useState(first);
  const [at, setAt] = useState(0);
  const [message, setMessage] = useState("");
  const [lost, setLost] = useState<string>();
  const [asking, setAsking] = useState<TopRow>();

  useEffect(() => {
    let ended = false;
    let timer: NodeJS.Timeout | undefined;
    const read = async () => {
      try {
        const next = await readSnapshot(await connect());
        if (ended) return;
        setLost(undefined);
        setSnapshot(next);
        setCpu((before) => [...before, next.status.load.cpuPercent].slice(-keptSamples));
      } catch (error) {
        if (!ended) setLost((error as Error).message);
      }
      if (!ended) timer = setTimeout(() => void read(), readEveryMs);
    };
    void read();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [connect]);

  const shown: TopList | undefined = snapshot?.lists[list];
  const chosen = Math.min(at, Math.max(0, (shown?.rows.length ?? 0) - 1));
  const row = shown?.rows[chosen];
  const choose = (next: number) => {
    setList((next + 3) % 3);
    setAt(0);
    setMessage("");
  };
  const tell = (work: Promise<string>) => {
    work.then(setMessage, (error: unknown) => setMessage((error as Error).message));
  };

  const cancel = async (id: string) => {
    const client = await connect();
    const { state } = await client.executions.cancel({ id });
    return `${id} ${state}`;
  };

  useInput((input, key) => {
    if (asking !== undefined) {
      setAsking(undefined);
      if (input === "y") {
        setMessage(`Cancelling ${asking.id} …`);
        tell(cancel(asking.id));
      } else setMessage("Nothing was cancelled.");
    } else if (input === "q" || key.escape) onLeave({ leave: undefined, list });
    else if (key.tab || key.rightArrow) choose(key.shift ? list - 1 : list + 1);
    else if (key.leftArrow) choose(list - 1);
    else if (/^[123]$/.test(input)) choose(Number(input) - 1);
    else if (key.upArrow || input === "k") setAt(Math.max(0, chosen - 1));
    else if (key.downArrow || input === "j") setAt(Math.min((shown?.rows.length ?? 1) - 1, chosen + 1));
    else if (input === "c" && list === 0 && row !== undefined) setAsking(row);
    else if (key.return && list === 1 && row !== undefined) onLeave({ leave: { sessionId: row.id, label: row.cells[0] ?? row.id }, list });
    else if (input === "d") tell(openPage());
  });

  const room = Math.max(fewestRows, lines - otherLines);
  return h(
    Box,
    { flexDirection: "column", width: columns, height: lines, paddingX: 1 },
    h(Load, { instance, snapshot, cpu }),
    h(Tabs, { lists: snapshot?.lists ?? [], list }),
    shown === undefined ? null : h(List, { shown, chosen, room, columns: columns - 2 }),
    h(Box, { flexGrow: 1 }),
    asking === undefined
      ? h(Text, { color: lost === undefined ? "yellow" : "red", wrap: "truncate" }, lost ?? (message === "" ? " " : message))
      : h(
          Text,
          { color: "yellow", wrap: "truncate" },
          `Cancel ${asking.cells[1] ?? ""} (${asking.id})? y cancels it, any other key does not.`,
        ),
    h(Keys, { list }),
  );
}

function Load({ instance, snapshot, cpu }: { instance: string; snapshot: Snapshot | undefined; cpu: readonly number[] }) {
  if (snapshot === undefined) return h(Text, { dimColor: true }, `Reading ${instance} …`);
  const [state, work, rest] = headline(snapshot.status);
  const percent = snapshot.status.load.cpuPercent;
  return h(
    Box,
    { flexDirection: "column" },
    h(Text, { wrap: "truncate" }, h(Text, { bold: true }, instance), `  ${state}`),
    h(Text, { wrap: "truncate" }, work),
    h(
      Text,
      { wrap: "truncate" },
      `CPU ${percent.toFixed(1).padStart(5)} % `,
      h(Text, { color: percent > 80 ? "red" : "cyan" }, sparkline([...cpu, 100]).slice(0, -1)),
      `  ${rest}`,
    ),
  );
}

function Tabs({ lists, list }: { lists: readonly TopList[]; list: number }) {
  return h(
    Box,
    { gap: 2, marginTop: 1 },
    ...lists.map(({ title, rows }, index) =>
      h(Text, { key: title, inverse: index === list, bold: index === list }, ` ${index + 1} ${title} ${rows.length} `),
    ),
  );
}

function List({ shown, chosen, room, columns }: { shown: TopList; chosen: number; room: number; columns: number }) {
  if (shown.rows.length === 0) return h(Box, { marginTop: 1 }, h(Text, { dimColor: true }, shown.empty));
  // The chosen row stays in sight.
  const from = Math.min(Math.max(0, chosen - room + 1), Math.max(0, shown.rows.length - room));
  const visible = shown.rows.slice(from, from + room);
  const widths = columnWidths([shown.heads, ...shown.rows.map(({ cells }) => cells)], columns - 2);
  const cells = (values: readonly string[]) =>
    values.map((value, index) => value.slice(0, widths[index]).padEnd(widths[index] ?? 0)).join("  ");
  return h(
    Box,
    { flexDirection: "column", marginTop: 1 },
    h(Text, { dimColor: true, wrap: "truncate" }, `  ${cells(shown.heads)}`),
    ...visible.map(({ id, cells: values, state }, index) => {
      const isChosen = from + index === chosen;
      const colour = colours[state];
      return h(
        Text,
        { key: id, wrap: "truncate", inverse: isChosen, ...(colour === undefined ? {} : { color: colour }) },
        `${isChosen ? "› " : "  "}${cells(values)}`,
      );
    }),
    shown.rows.length > room ? h(Text, { dimColor: true }, `  ${from + 1}–${from + visible.length} of ${shown.rows.length}`) : null,
  );
}

const doing = ["c cancel  ", "Enter attach  ", ""];

function Keys({ list }: { list: number }) {
  return h(Text, { dimColor: true, wrap: "truncate" }, `Tab list  ↑↓ row  ${doing[list] ?? ""}d page  q quit`);
}
