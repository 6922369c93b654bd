/** The numbers of an execution, and where its time went. */
import type { Execution } from "@gantry/contract";
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Ago, Ahead } from "../app/parts/ago.tsx";
import { Fact, Facts } from "../app/parts/facts.tsx";
import { formatBytes, formatDuration, shorten } from "../app/parts/format.ts";

export function ExecutionFacts({ execution }: { execution: Execution }) {
  const {
    exitCode,
    signal,
    durationMs,
    queuedMs,
    attempt,
    outputBytes,
    owner,
    cwd,
    createdAt,
    kind,
    queue,
    cached,
    retries,
    retryOf,
    dueAt,
    state,
    expiresAt,
    startedAt,
    tags,
  } = execution;
  return (
    <Facts>
      {exitCode !== null && <Fact name="Exit code" value={exitCode} strong={exitCode !== 0} />}
      {signal !== null && <Fact name="Signal" value={signal} strong />}
      <Fact name="Ran for" value={durationMs === null ? "–" : formatDuration(durationMs)} />
      <Fact name="Waited" value={queuedMs === null ? "–" : formatDuration(queuedMs)} />
      <Fact name="Started" value={<Ago time={createdAt} />} />
      <Fact name="Output" value={formatBytes(outputBytes)} />
      {cached && <Fact name="Answer" value="from the cache" />}
      {queue !== "default" && <Fact name="Queue" value={queue} mono />}
      {(attempt > 1 || retries > 0) && <Fact name="Attempt" value={`${Math.max(1, attempt)} of at most ${retries + 1}`} />}
      {state === "scheduled" && dueAt !== null && <Fact name="Begins" value={<Ahead time={dueAt} />} />}
      {startedAt === null && expiresAt !== null && <Fact name="Expires" value={<Ahead time={expiresAt} />} />}
      {tags.length > 0 && <Fact name="Tags" mono value={<Tags tags={tags} />} />}
      {retryOf !== null && (
        <Fact
          name="Again of"
          mono
          value={
            <Anchor component={Link} to="/executions/$id" params={{ id: retryOf } as never} inherit>
              {shorten(retryOf)}
            </Anchor>
          }
        />
      )}
      <Fact name="Kind" value={kind} />
      <Fact name="By" value={owner} mono />
      <Fact name="In" value={cwd} mono wide />
    </Facts>
  );
}

/** The items of a batch carry its id, which leads to it. */
function Tags({ tags }: { tags: readonly string[] }) {
  return tags.map((tag) => (
    <span key={tag} style={{ marginRight: 8 }}>
      {tag.startsWith("bat_") ? (
        <Anchor component={Link} to="/batches/$id" params={{ id: tag } as never} inherit>
          {shorten(tag)}
        </Anchor>
      ) : (
        tag
      )}
    </span>
  ));
}
