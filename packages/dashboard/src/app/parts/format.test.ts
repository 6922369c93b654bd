import { describe, expect, it } from "vitest";

import { formatAgo, formatAhead, formatBytes, formatDuration, formatLasting } from "./format.ts";

describe("format", () => {
  it("writes bytes in binary units", () => {
    expect([0, 1023, 1024, 1536, 10 * 1024 ** 2, 3 * 1024 ** 4].map(formatBytes)).toEqual([
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "10 MiB",
      "3.0 TiB",
    ]);
  });

  it("writes durations in the unit that reads best", () => {
    expect([0.4, 12, 999, 1500, 59_000, 61_000, 3_600_000, 200_000_000].map(formatDuration)).toEqual([
      "0.4 ms",
      "12 ms",
      "999 ms",
      "1.5 s",
      "59 s",
      "1 min 1 s",
      "1 h",
      "2 days 7 h",
    ]);
  });

  it("tells how long ago, and never the future", () => {
    const now = Date.parse("2026-01-02T00:00:00.000Z");
    expect(formatAgo("2026-01-02T00:00:09.000Z", now)).toBe("just now");
    expect(formatAgo("2026-01-01T23:59:30.000Z", now)).toBe("30 s ago");
    expect(formatAgo("2026-01-01T23:00:00.000Z", now)).toBe("1 h ago");
  });

  it("tells how long something has been so", () => {
    const now = Date.parse("2026-03-02T00:00:00.000Z");
    expect(formatLasting("2026-03-01T23:59:59.000Z", now)).toBe("just now");
    expect(formatLasting("2026-03-01T23:30:00.000Z", now)).toBe("for 30 min");
    expect(formatLasting("2026-01-01T12:00:00.000Z", now)).toMatch(/^since .*2026/);
  });

  it("tells how long until a moment", () => {
    const now = Date.parse("2026-01-01T00:00:00.000Z");
    const ahead = (seconds: number) => formatAhead(now + seconds * 1000, now);
    expect([-5, 0, 42, 90, 3599, 3600, 41_340, 86_399, 86_400, 864_000].map(ahead)).toEqual([
      "now",
      "now",
      "in 42 s",
      "in 2 min",
      "in 1 h",
      "in 1 h",
      "in 11 h 29 min",
      "in 1 day",
      "in 1 day",
      "in 10 days",
    ]);
  });
});
