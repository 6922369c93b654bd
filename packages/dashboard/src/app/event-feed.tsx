/** What the daemon reports while the page is open: keeps lists fresh, remembers the last events, and knows whether the daemon is there. */
import type { EventEnvelope } from "@gantry/contract";
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { useAccess } from "../access/access.tsx";
import { connectFeed, type Feed, type FeedState } from "./feed.ts";

const FeedContext = createContext<Feed | undefined>(undefined);

export function EventFeedProvider({ children }: { children: ReactNode }) {
  const { credential, signOut } = useAccess();
  const queries = useQueryClient();
  const [feed, setFeed] = useState<Feed>();
  useEffect(() => {
    const next = connectFeed({
      credential,
      onRefused: signOut,
      onChanged: (rooms) => {
        for (const room of rooms) void queries.invalidateQueries({ queryKey: [room] });
      },
    });
    setFeed(next);
    return () => next.close();
  }, [credential, queries, signOut]);
  return <FeedContext.Provider value={feed}>{children}</FeedContext.Provider>;
}

const noFeed: FeedState = { connection: "connecting", recent: [] };

export function useFeed(): FeedState {
  const feed = useContext(FeedContext);
  return useSyncExternalStore(
    useMemo(() => feed?.subscribe ?? (() => () => undefined), [feed]),
    () => feed?.state() ?? noFeed,
  );
}

/** Calls back for every event from now on. The listener must keep its identity. */
export function useEvents(listener: (event: EventEnvelope) => void): void {
  const feed = useContext(FeedContext);
  useEffect(() => feed?.onEvent(listener), [feed, listener]);
}
