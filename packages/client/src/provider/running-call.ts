/** One call on the provider's side: runs the method, paces its chunks by credit, and answers once. */
import { exceedsBytes } from "@gantry/contract/json-weight";
import type { InvokeMessage, Usage } from "@gantry/contract/provider-protocol";

import { type ChunkSender, createChunkSender } from "./chunk-sender.ts";
import type { AnyMethod, MethodContext } from "./definition.ts";
import { createInputStream, type InputStream } from "./input-stream.ts";
import { failureFrom, overLimit, ProviderError } from "./errors.ts";

/** What a call needs of its connection. */
export interface CallPort {
  emit(event: string, message: unknown): void;
  /** The most that one message may weigh. */
  limitBytes(): number;
  /** Called once, after the answer. */
  ended(call: RunningCall): void;
}

/** A class and not closures: most calls are short, and what is made for each of them is what they cost. */
export class RunningCall implements MethodContext {
  readonly callId: string;
  /** A property, so that a method may take it out of its context. */
  readonly reportUsage = (reported: Usage): void => {
    this.#usage = { ...this.#usage, ...reported };
  };
  readonly #message: InvokeMessage;
  readonly #method: AnyMethod;
  readonly #port: CallPort;
  #controller: AbortController | undefined;
  #sender: ChunkSender | undefined;
  #cancelReason: string | undefined;
  #usage: Usage | undefined;
  #input: InputStream | undefined;
  #isOver = false;

  constructor(message: InvokeMessage, method: AnyMethod, port: CallPort) {
    this.callId = message.id;
    this.#message = message;
    this.#method = method;
    this.#port = port;
  }

  // What the method sees:

  /** Made when first asked for: most methods are over before anybody could cancel them. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelReason !== undefined) this.#controller.abort(new ProviderError("CANCELLED", this.#cancelReason));
    }
    return this.#controller.signal;
  }
  get budgetMs(): number {
    return this.#message.budgetMs;
  }
  get attempt(): number {
    return this.#message.attempt;
  }
  get idempotencyKey(): string | undefined {
    return this.#message.idem;
  }
  get trace(): string | undefined {
    return this.#message.trace;
  }

  get input(): AsyncIterable<unknown> {
    return this.#open();
  }

  // What the connection does:

  receive(items: unknown[]): void {
    this.#open().push(items);
  }

  endInput(): void {
    this.#open().end();
  }

  start(): void {
    const method = this.#method;
    try {
      const params: unknown = method.input === undefined ? this.#message.params : method.input.parse(this.#message.params);
      if (method.stream !== undefined) {
        void this.#stream(method.stream(params, this));
        return;
      }
      const answer: unknown = method.run(params, this);
      if (answer instanceof Promise) {
        answer.then(
          (data) => this.#succeed(data),
          (error: unknown) => this.#fail(error),
        );
      } else this.#succeed(answer);
    } catch (error) {
      this.#fail(error);
    }
  }

  cancel(reason: string): void {
    this.#cancelReason ??= reason;
    this.#controller?.abort(new ProviderError("CANCELLED", reason));
    this.#sender?.stop();
    this.#input?.stop(new ProviderError("CANCELLED", reason));
  }

  /** So many more chunks may be sent; so many have been consumed in all. */
  credit(chunks: number, taken: number | undefined): void {
    this.#sender?.credit(chunks, taken);
  }

  /** The connection is gone: the caller has been told already, so nothing is sent any more. */
  abandon(): void {
    this.#isOver = true;
    this.cancel("the connection was lost");
  }

  #open(): InputStream {
    if (this.#input === undefined) {
      this.#input = createInputStream((chunks) => this.#isOver || this.#port.emit("credit", { id: this.callId, n: chunks }));
      // A call without an input stream has an empty one.
      if (this.#message.input !== "stream") this.#input.end();
      if (this.#cancelReason !== undefined) this.#input.stop(new ProviderError("CANCELLED", this.#cancelReason));
    }
    return this.#input;
  }

  async #stream(chunks: AsyncIterable<unknown>): Promise<void> {
    const sender = createChunkSender(this.callId, this.#message.credit, this.#port.limitBytes(), this.#port.emit);
    this.#sender = sender;
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await iterator.next();
        if (this.#isOver || this.#cancelReason !== undefined) break;
        if (step.done === true) {
          sender.flush();
          this.#succeed(step.value);
          return;
        }
        const wait = sender.add(step.value);
        // Only a spent credit costs a promise.
        if (wait !== undefined) await wait;
      }
      await iterator.return?.();
      this.#fail(undefined);
    } catch (error) {
      sender.flush();
      await iterator.return?.().catch(() => undefined);
      this.#fail(error);
    }
  }

  #succeed(data: unknown): void {
    if (this.#cancelReason !== undefined) this.#fail(undefined);
    else if (exceedsBytes(data, this.#port.limitBytes())) this.#fail(overLimit("result", this.#port.limitBytes()));
    else this.#finish("result", this.#usage === undefined ? { id: this.callId, data } : { id: this.callId, data, usage: this.#usage });
  }

  #fail(error: unknown): void {
    const told = this.#cancelReason === undefined ? error : new ProviderError("CANCELLED", this.#cancelReason);
    this.#finish("fail", { id: this.callId, error: failureFrom(told) });
  }

  #finish(event: "result" | "fail", answer: object): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.emit(event, answer);
    this.#port.ended(this);
  }
}
