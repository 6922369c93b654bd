/** Reads pasted or dropped text as a batch's items while it is typed. */
import { type BatchItemInput, readBatchItems } from "@gantry/client/batch-items";
import { useEffect, useState } from "react";

export type Format = "jsonl" | "csv";

export interface ReadItems {
  items: readonly BatchItemInput[];
  /** With the line. */
  problem: string | undefined;
}

const nothing: ReadItems = { items: [], problem: undefined };
const pauseMs = 150;

export function useItems(text: string, format: Format, command: string | undefined): ReadItems {
  const [read, setRead] = useState(nothing);
  useEffect(() => {
    let current = true;
    const show = (next: ReadItems) => {
      if (current) setRead(next);
    };
    const timer = setTimeout(() => {
      if (text.trim() === "") return show(nothing);
      return void readBatchItems(text, { file: "line", format, command }).then(
        ({ items }) => show({ items, problem: undefined }),
        (error: Error) => show({ items: [], problem: error.message }),
      );
    }, pauseMs);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, format, command]);
  return read;
}
