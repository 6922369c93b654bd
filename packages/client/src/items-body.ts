/** The body of a request that goes on with items: one JSON line each, made when the connection has room for it. */

export interface ItemsBody {
  stream: ReadableStream<Uint8Array>;
  /** What the items threw, which is what their caller wants to see. */
  readonly failure: { error: unknown } | undefined;
}

const encoder = new TextEncoder();
/** Items that are there already go out together; of those that come, none waits for another. */
const gatherCharacters = 16 * 1024;

export function createItemsBody(firstLine: string, items: AsyncIterable<unknown> | Iterable<unknown>): ItemsBody {
  const isAsync = Symbol.asyncIterator in items;
  const source = isAsync ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failure: { error: unknown } | undefined;
  let text = `${firstLine}\n`;
  let isDone = false;

  const read = async () => {
    const { done, value } = await source.next();
    isDone = done === true;
    if (!isDone) text += `${JSON.stringify(value ?? null)}\n`;
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (text === "") await read();
          if (!isAsync) while (!isDone && text.length < gatherCharacters) await read();
          if (text !== "") controller.enqueue(encoder.encode(text));
          text = "";
          if (isDone) controller.close();
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
      cancel: async () => void (await source.return?.()),
    },
    { highWaterMark: 0 },
  );
  return {
    stream,
    get failure() {
      return failure;
    },
  };
}
