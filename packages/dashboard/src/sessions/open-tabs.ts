/** Which sessions this browser tab shows, in the order they were opened. Survives a reload, not the tab. */
import { useSyncExternalStore } from "react";

const slot = "gantry.terminals";
const listeners = new Set<() => void>();
let ids: readonly string[] = read();

function read(): readonly string[] {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(slot) ?? "[]");
    return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function write(next: readonly string[]): void {
  ids = next;
  sessionStorage.setItem(slot, JSON.stringify(next));
  for (const listener of listeners) listener();
}

export function openTab(id: string): void {
  if (!ids.includes(id)) write([...ids, id]);
}

/** Returns the tab that takes its place, if any is left. */
export function closeTab(id: string): string | undefined {
  const at = ids.indexOf(id);
  write(ids.filter((each) => each !== id));
  return ids[Math.min(Math.max(0, at), ids.length - 1)];
}

export function useOpenTabs(): readonly string[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ids,
  );
}
