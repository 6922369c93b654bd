/** One HTTP exchange by Node's own client: fetch costs a program three to four times as much for each call. */
import type { Exchange } from "../http-transport.ts";

export async function createNodeExchange(url: string): Promise<Exchange> {
  // Its shared agent keeps connections open, lets the process end while they are idle, and knows the proxies of the environment.
  const { request } = url.startsWith("https:") ? await import("node:https") : await import("node:http");
  return (target, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      // Aborting should say why, as fetch does.
      const fail = (error: Error) => reject(signal?.aborted === true ? (signal.reason as Error) : error);
      request(target, { method, headers, ...(signal === undefined ? {} : { signal }) })
        .on("error", fail)
        .on("response", (response) => {
          let text = "";
          response
            .setEncoding("utf8")
            .on("data", (chunk: string) => (text += chunk))
            .on("error", fail)
            .on("end", () => resolve({ status: response.statusCode as number, type: response.headers["content-type"] ?? "", text }));
        })
        // Given at once, so that it has a length and goes out together with the head.
        .end(body);
    });
}
