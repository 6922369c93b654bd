/** A list that is fetched page by page, as far as somebody has scrolled or clicked. */
import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";

interface Pages<Item> {
  queryKey: QueryKey;
  /** `page` goes into the operation's input: empty for the first page, with a cursor for the others. */
  fetchPage: (page: { cursor?: string }) => Promise<{ items: Item[]; nextCursor?: string | undefined }>;
  /** What is shown for a new key until its first page has come, such as `keepPreviousData`. */
  placeholderData?: <Shown>(previous: Shown | undefined) => Shown | undefined;
}

export function usePages<Item>({ queryKey, fetchPage, placeholderData }: Pages<Item>) {
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => fetchPage(pageParam === undefined ? {} : { cursor: pageParam }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor,
    ...(placeholderData === undefined ? {} : { placeholderData }),
  });
  /** Undefined until the first page has come. */
  return { query, items: query.data?.pages.flatMap((page) => page.items) };
}
