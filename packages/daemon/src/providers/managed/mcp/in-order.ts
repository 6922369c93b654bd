/** Lets a notice be heard before the answer that follows it. */
import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";

type Deliver = NonNullable<Transport["onmessage"]>;

/**
 * The library takes answers at once but notices a moment later, and by then has forgotten whose progress it was: a call's last progress, read
 * together with its result, would be lost (https://github.com/modelcontextprotocol/typescript-sdk/issues/2580). So what follows a notice
 * waits for that moment. To be called once the client has connected.
 */
export function deliverInOrder(transport: Transport): void {
  const deliver = transport.onmessage as Deliver;
  const queue: Parameters<Deliver>[] = [];
  let isHeld = false;
  const flush = () => {
    isHeld = false;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      deliver(...next);
      if (!isNotice(next[0])) continue;
      isHeld = true;
      setImmediate(flush);
      return;
    }
  };
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is no event target
  transport.onmessage = (...message: Parameters<Deliver>) => {
    queue.push(message);
    if (!isHeld) flush();
  };
}

function isNotice(message: JSONRPCMessage): boolean {
  return "method" in message && !("id" in message);
}
