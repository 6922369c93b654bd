import type { IncomingMessage } from "node:http";

import { expect, test } from "vitest";

import { createGate } from "./gate.ts";

const gate = createGate(() => 8765);

function request(url: string, ...rawHeaders: string[]): IncomingMessage {
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers[(rawHeaders[index] as string).toLowerCase()] = rawHeaders[index + 1] as string;
  return { url, rawHeaders, headers } as unknown as IncomingMessage;
}

test.each(["127.0.0.1:8765", "localhost:8765", "[::1]:8765"])("the loopback name %s is let in", (host) => {
  expect(() => gate.check(request("/", "Host", host))).not.toThrow();
  expect(() => gate.check(request("/", "Host", host, "Origin", `http://${host}`))).not.toThrow();
});

test.each([
  ["another name", request("/", "Host", "evil:8765")],
  ["a trailing dot", request("/", "Host", "localhost.:8765")],
  ["another port", request("/", "Host", "localhost:8766")],
  ["no port", request("/", "Host", "localhost")],
  ["no host", request("/")],
  ["two hosts", request("/", "Host", "localhost:8765", "host", "localhost:8765")],
  ["an absolute target", request("http://localhost:8765/", "Host", "localhost:8765")],
  ["a foreign origin", request("/", "Host", "localhost:8765", "Origin", "http://evil")],
  ["the null origin", request("/", "Host", "localhost:8765", "Origin", "null")],
  ["an origin that begins alike", request("/", "Host", "localhost:8765", "Origin", "http://localhost:8765.evil")],
  ["an origin on another port", request("/", "Host", "localhost:8765", "Origin", "http://localhost:1")],
  ["an origin by another name of this machine", request("/", "Host", "localhost:8765", "Origin", "http://127.0.0.1:8765")],
  ["a fetch from another site", request("/", "Host", "localhost:8765", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")],
])("%s is refused", (_what, refused) => {
  expect(() => gate.check(refused)).toThrow(/^Refused before it was looked at/);
});

test("a link on another site may open the page", () => {
  expect(() =>
    gate.check(request("/ui/", "Host", "localhost:8765", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")),
  ).not.toThrow();
});
