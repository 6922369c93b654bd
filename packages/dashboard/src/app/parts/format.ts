/** Numbers and times as people read them. */

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function plural(count: number, one: string): string {
  return `${count.toLocaleString()} ${one}${count === 1 ? "" : "s"}`;
}

export function formatDuration(durationMs: number): string {
  if (durationMs > 0 && durationMs < 1) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return withRest(`${minutes} min`, Math.floor(seconds % 60), "s");
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? withRest(`${hours} h`, minutes % 60, "min") : withRest(`${Math.floor(hours / 24)} days`, hours % 24, "h");
}

function withRest(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}

export function formatClock(time: string | number): string {
  return new Date(time).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
}

export function formatAgo(time: string | number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - new Date(time).getTime()) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** In a sentence: for 5 min, or since a day. */
export function formatLasting(since: string | number, nowMs: number): string {
  const ago = formatAgo(since, nowMs);
  if (ago === "just now") return ago;
  return ago.endsWith(" ago") ? `for ${ago.slice(0, -" ago".length)}` : `since ${ago}`;
}

/** How long until then; a moment that has passed is due. */
export function formatAhead(time: string | number, nowMs: number): string {
  const seconds = Math.round((new Date(time).getTime() - nowMs) / 1000);
  if (seconds < 1) return "now";
  if (seconds < 60) return `in ${seconds} s`;
  if (seconds < 3570) return `in ${Math.round(seconds / 60)} min`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return `in ${withRest(`${Math.floor(minutes / 60)} h`, minutes % 60, "min")}`;
  const days = Math.round(minutes / 1440);
  return days < 14
    ? `in ${plural(days, "day")}`
    : new Date(time).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" });
}

/** A moment with its day, for people who plan. */
export function formatMoment(time: string | number): string {
  return new Date(time).toLocaleString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  });
}

/** Enough of an id to tell it from its neighbours; ULIDs made in one second share their beginning. */
export function shorten(id: string): string {
  return id.length > 16 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;
}
