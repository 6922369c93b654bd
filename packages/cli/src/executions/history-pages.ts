/** Reads history page by page and prints each page before the next is asked for, so that a long one needs little memory. */
import { once } from "node:events";

import type { ExecutionSummary } from "@gantry/contract";

import { csvHead, csvLines } from "./history-csv.ts";

interface Page {
  items: ExecutionSummary[];
  nextCursor?: string | undefined;
}

export type Pages = AsyncIterable<Page>;

/** The most that the daemon gives at once. */
const largestPage = 1000;

/** `limit`: of all pages together; may be Infinity. The last page's cursor tells whether there are more. */
export async function* pagesOf(
  list: (page: { limit: number; cursor: string | undefined }) => Promise<Page>,
  limit: number,
  cursor: string | undefined,
): AsyncGenerator<Page> {
  let left = limit;
  for (let next = cursor; left > 0;) {
    const page = await list({ limit: Math.min(left, largestPage), cursor: next });
    yield page;
    left -= page.items.length;
    next = page.nextCursor;
    if (next === undefined) return;
  }
}

/** One document, as printJson would print it. */
export async function printPagesAsJson(pages: Pages): Promise<string | undefined> {
  let nextCursor: string | undefined;
  let first = true;
  await print('{\n  "schemaVersion": 1,\n  "items": [');
  for await (const page of pages) {
    ({ nextCursor } = page);
    const texts = page.items.map((item) => `\n    ${JSON.stringify(item, null, 2).replaceAll("\n", "\n    ")}`);
    if (texts.length > 0) await print(`${first ? "" : ","}${texts.join(",")}`);
    first &&= texts.length === 0;
  }
  await print(`${first ? "" : "\n  "}]${nextCursor === undefined ? "" : `,\n  "nextCursor": ${JSON.stringify(nextCursor)}`}\n}\n`);
  return nextCursor;
}

export async function printPagesAsCsv(pages: Pages): Promise<string | undefined> {
  let nextCursor: string | undefined;
  await print(csvHead);
  for await (const page of pages) {
    ({ nextCursor } = page);
    await print(csvLines(page.items));
  }
  return nextCursor;
}

async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}
