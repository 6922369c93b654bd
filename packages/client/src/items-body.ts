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
  const gathered = isAsync ? 0 : gatherCharacters;
  let text = `${firstLine}\n`;

  /** False when there are no more. */
  const read = async () => {
    const { done, value } = await source.next();
    if (done === true) return false;
    text += `${JSON.stringify(value ?? null)}\n`;
    return true;
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          let isMore = text === "" ? await read() : true;
          while (isMore && text.length < gathered) isMore = await read();
          if (text !== "") controller.enqueue(encoder.encode(text));
          text = "";
          if (!isMore) controller.close();
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
