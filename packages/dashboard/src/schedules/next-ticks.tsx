/** The next times, as the daemon reckons them: with its time zones and changes of the clock. */
import { useQuery } from "@tanstack/react-query";

import { useClient } from "../access/access.tsx";
import { Ahead } from "../app/parts/ago.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatMoment } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows, RowsLoading } from "../app/parts/rows.tsx";

const shownTicks = 6;

export function NextTicks({ schedule }: { schedule: string }) {
  const client = useClient();
  const { data, error } = useQuery({
    queryKey: ["schedules", "next", schedule],
    queryFn: () => client.schedules.next({ schedule, count: shownTicks }),
  });
  if (error !== null) return <ProblemAlert error={error} />;
  if (data === undefined) return <RowsLoading />;
  if (data.items.length === 0) return <EmptyState title="None">It was to run once, and has.</EmptyState>;
  return (
    <Rows label="Ticks to come">
      {data.items.map(({ at, startsAt }) => (
        <Row key={at} short main={<span className="number">{formatMoment(startsAt)}</span>} facts={<Ahead time={startsAt} />} />
      ))}
    </Rows>
  );
}
