/** A `fetch` that goes to one origin only: no redirects, no link-local addresses, and a key that nobody else ever sees. */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Where clouds keep the credentials of a machine; nothing that a provider could be. */
const linkLocal = new BlockList();
linkLocal.addSubnet("169.254.0.0", 16, "ipv4");
linkLocal.addSubnet("fe80::", 10, "ipv6");
linkLocal.addAddress("fd00:ec2::254", "ipv6");
linkLocal.addAddress("::", "ipv6");
linkLocal.addAddress("0.0.0.0", "ipv4");

/** `key`, when given, is sent as a bearer token. */
export function createBoundFetch(base: string, key: string | undefined): typeof fetch {
  const { origin } = new URL(base);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) throw new Error(`a request to ${url.origin} was refused: this provider is bound to ${origin}`);
    await refuseLinkLocal(url.hostname.replace(/^\[|\]$/g, ""));
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    const response = await fetch(input, { ...init, headers, redirect: "manual" });
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      await response.body?.cancel();
      const target = response.headers.get("location") ?? "elsewhere";
      throw new Error(
        `${origin} answered with a redirect to ${target.slice(0, 200)}, which is not followed: give the final address as url`,
      );
    }
    return response;
  };
}

async function refuseLinkLocal(host: string): Promise<void> {
  const addresses = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host, family: isIP(host) }];
  for (const { address, family } of addresses) {
    if (linkLocal.check(address, family === 6 ? "ipv6" : "ipv4")) {
      throw new Error(`${host} leads to ${address}, a link-local address: those are never used as providers`);
    }
  }
}
