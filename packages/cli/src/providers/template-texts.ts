/** The starters that `gantry providers template` writes: one method that answers and one that streams, in TypeScript and in Python. */

export const typescriptTemplate = (
  name: string,
) => `/** A provider for Gantry. Start it beside a running instance, or give it GANTRY_URL and GANTRY_KEY. */
import { createProvider, defineMethod, ProviderError } from "@gantry/client/provider";
import { z } from "zod";

const provider = createProvider({
  name: "${name}",
  kind: "tool",
  version: "0.1.0",
  description: "Says what it does in one line",
  capabilities: ["greeting"],
  methods: {
    // Answers once. The schema is checked before the call is sent here; idempotent calls may be repeated elsewhere when this process dies.
    greet: defineMethod({
      description: "Greets somebody",
      input: z.object({ name: z.string().min(1) }),
      idempotent: true,
      run({ name }) {
        if (name === "nobody") throw new ProviderError("NOT_FOUND", "there is nobody of that name");
        return \`Hello, \${name}!\`;
      },
    }),
    // Sends chunks; what it returns is the result. It waits by itself when the reader is slow.
    countdown: defineMethod({
      description: "Counts down to 1",
      input: z.object({ from: z.int().min(1).default(3) }),
      async *stream({ from }, { signal }) {
        for (let number = from; number > 0; number -= 1) {
          signal.throwIfAborted();
          yield number;
        }
        return "done";
      },
    }),
  },
});

// Waits for the daemon, comes back after it restarts, and finishes its calls on SIGTERM and Ctrl-C.
await provider.connect();
`;

export const pythonTemplate = (name: string) => `#!/usr/bin/env python3
"""A provider for Gantry, with nothing but python-socketio. Needs GANTRY_KEY (or GANTRY_KEY_FILE); GANTRY_URL if not on port 8765."""
import os
import signal
import sys
import threading
import time

import socketio

SPACE = "/providers"
NAME = os.environ.get("GANTRY_PROVIDER_NAME", "${name}")
KEY = os.environ.get("GANTRY_KEY") or open(os.environ["GANTRY_KEY_FILE"]).read().strip()

hub = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=5)
running = {}  # by call id: how many chunks may be sent, and whether the caller is gone


def greet(params, call):
    return f"Hello, {params['name']}!"


def countdown(params, call):
    """Sends chunks; what it returns is the result."""
    for seq in range(params.get("from", 3)):
        if not send(call, seq, params.get("from", 3) - seq):
            return None
    return "done"


METHODS = {
    "greet": (greet, {"input": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}, "idempotent": True}),
    "countdown": (countdown, {"input": {"type": "object", "properties": {"from": {"type": "integer", "minimum": 1}}}, "stream": True}),
}


def send(call, seq, data):
    """Waits while the reader is behind. False when nobody wants any more."""
    state = running[call["id"]]
    while not state["credit"].acquire(timeout=0.5):
        if state["cancelled"]:
            return False
    if state["cancelled"]:
        return False
    hub.emit("chunk", {"id": call["id"], "seq": seq, "data": data}, namespace=SPACE)
    return True


def run(call):
    try:
        data, failure = METHODS[call["method"]][0](call["params"], call), None
    except Exception as error:
        failure = {"code": "INTERNAL", "message": str(error)}
    if running.pop(call["id"])["cancelled"]:
        failure = {"code": "CANCELLED", "message": "cancelled"}
    if failure:
        hub.emit("fail", {"id": call["id"], "error": failure}, namespace=SPACE)
    else:
        hub.emit("result", {"id": call["id"], "data": data}, namespace=SPACE)


@hub.on("invoke", namespace=SPACE)
def invoke(call):
    running[call["id"]] = {"credit": threading.Semaphore(call["credit"]), "cancelled": False}
    hub.start_background_task(run, call)


@hub.on("credit", namespace=SPACE)
def credit(message):
    if message["id"] in running and message["n"] > 0:
        running[message["id"]]["credit"].release(message["n"])


@hub.on("cancel", namespace=SPACE)
def cancel(message):
    if message["id"] in running:
        running[message["id"]]["cancelled"] = True


@hub.on("health", namespace=SPACE)
def health(_request):
    return {"status": "ok"}


@hub.on("disconnect", namespace=SPACE)
def disconnect():
    for state in running.values():
        state["cancelled"] = True


@hub.on("connect", namespace=SPACE)
def connect():  # also after every reconnection
    hub.emit("register", {
        "proto": 1, "name": NAME, "instance": os.environ.get("GANTRY_PROVIDER_INSTANCE", f"python-{os.getpid()}"),
        "epoch": int(time.time() * 1000), "version": "0.1.0", "kind": "tool", "description": "Says what it does in one line",
        "capabilities": ["greeting"], "methods": [{"name": name, **facts} for name, (_run, facts) in METHODS.items()],
    }, namespace=SPACE, callback=lambda answer: print("registered" if answer["ok"] else answer["error"]["message"], flush=True))


def leave(*_):
    """Takes no new calls, lets those in progress finish for ten seconds, and goes."""
    def finish():
        hub.emit("drain", {"deadlineMs": 10_000, "reason": "it was told to stop"}, namespace=SPACE)
        end = time.monotonic() + 10
        while running and time.monotonic() < end:
            time.sleep(0.05)
        try:
            hub.call("unregister", {"reason": "it was told to stop"}, namespace=SPACE, timeout=5)  # answered once all before it was read
        finally:
            os._exit(0)
    threading.Thread(target=finish, daemon=True).start()


hub.on("drain", leave, namespace=SPACE)  # asked for by: gantry providers drain
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
if "GANTRY_KEY_FILE" in os.environ:  # started by Gantry, which holds the other end of the input
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
hub.connect(os.environ.get("GANTRY_URL", "http://127.0.0.1:8765"), auth={"key": KEY}, namespaces=[SPACE], transports=["websocket"])
hub.wait()
`;
