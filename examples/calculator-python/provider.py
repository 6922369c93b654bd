#!/usr/bin/env python3
"""A provider in Python, with nothing but python-socketio: add, divide, and the streaming count."""
import os
import signal
import sys
import threading
import time

import socketio

SPACE = "/providers"
PAIR = {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]}
COUNT = {"type": "object", "properties": {"to": {"type": "integer"}, "delayMs": {"type": "integer"}}, "required": ["to"]}

hub = socketio.Client(reconnection_delay=0.2, reconnection_delay_max=5)
credits, cancelled = {}, set()  # by call id


def count(call):
    """Sends 1, 2, 3, … and returns the last; waits when the reader is behind."""
    pause = call["params"].get("delayMs", 0) / 1000
    for seq in range(call["params"]["to"]):
        while not credits[call["id"]].acquire(timeout=0.5) and call["id"] not in cancelled:
            pass
        if call["id"] in cancelled:
            return None
        hub.emit("chunk", {"id": call["id"], "seq": seq, "data": seq + 1}, namespace=SPACE)
        time.sleep(pause)
    return call["params"]["to"]


METHODS = {"add": lambda call: call["params"]["a"] + call["params"]["b"], "divide": lambda call: call["params"]["a"] / call["params"]["b"], "count": count}


def run(call):
    try:
        data = METHODS[call["method"]](call)
        failure = {"code": "CANCELLED", "message": "cancelled"} if call["id"] in cancelled else None
    except ZeroDivisionError:
        failure = {"code": "INVALID_ARGUMENT", "message": "division by zero: b must not be 0"}
    except Exception as error:
        failure = {"code": "INTERNAL", "message": str(error)}
    credits.pop(call["id"], None)
    cancelled.discard(call["id"])
    if failure:
        hub.emit("fail", {"id": call["id"], "error": failure}, namespace=SPACE)
    else:
        hub.emit("result", {"id": call["id"], "data": data}, namespace=SPACE)


@hub.on("invoke", namespace=SPACE)
def invoke(call):
    credits[call["id"]] = threading.Semaphore(call["credit"])
    hub.start_background_task(run, call)


@hub.on("credit", namespace=SPACE)
def credit(message):
    if message["id"] in credits and message["n"] > 0:
        credits[message["id"]].release(message["n"])


@hub.on("cancel", namespace=SPACE)
def cancel(message):
    if message["id"] in credits:
        cancelled.add(message["id"])


@hub.on("health", namespace=SPACE)
def health(_request):
    return {"status": "ok"}


@hub.on("disconnect", namespace=SPACE)
def disconnect():
    cancelled.update(credits)  # their callers have been told


@hub.on("connect", namespace=SPACE)
def connect():  # also after every reconnection
    hub.emit("register", {
        "proto": 1, "name": os.environ.get("GANTRY_PROVIDER_NAME", "calculator"), "instance": os.environ.get("GANTRY_PROVIDER_INSTANCE", f"python-{os.getpid()}"), "epoch": int(time.time() * 1000),
        "version": "1.0.0", "kind": "tool", "description": "Adds, divides, and counts", "capabilities": ["arithmetic"],
        "methods": [
            {"name": "add", "input": PAIR, "idempotent": True},
            {"name": "divide", "input": PAIR, "idempotent": True},
            {"name": "count", "input": COUNT, "stream": True},
        ],
    }, namespace=SPACE, callback=lambda answer: print("registered" if answer["ok"] else answer["error"]["message"], flush=True))


def leave(*_):
    """Takes no new calls, lets those in progress finish for ten seconds, and goes."""
    def finish():
        hub.emit("drain", {"deadlineMs": 10_000, "reason": "it was told to stop"}, namespace=SPACE)
        end = time.monotonic() + 10
        while credits and time.monotonic() < end:
            time.sleep(0.05)
        try:
            hub.call("unregister", {"reason": "it was told to stop"}, namespace=SPACE, timeout=5)  # answered once all before it was read
        finally:
            os._exit(0)
    threading.Thread(target=finish, daemon=True).start()


def leave_with_input():
    sys.stdin.buffer.read()
    os._exit(0)  # also in the middle of a reconnection


if "GANTRY_KEY_FILE" in os.environ:  # started by Gantry, which holds the other end of the input
    KEY = open(os.environ["GANTRY_KEY_FILE"]).read().strip()
    threading.Thread(target=leave_with_input, daemon=True).start()
else:
    KEY = os.environ["GANTRY_KEY"]
signal.signal(signal.SIGTERM, leave)
hub.on("drain", leave, namespace=SPACE)
hub.connect(os.environ.get("GANTRY_URL", "http://127.0.0.1:8765"), auth={"key": KEY}, namespaces=[SPACE], transports=["websocket"])
hub.wait()
