/**
 * Items of which the next can be made while the consumer is still busy with the last. Holds one item at most besides
 * the consumer's.
 */
export class ReadAhead<T> implements AsyncIterable<T> {
  readonly #iterator: AsyncIterator<T>;
  readonly #discard: (item: T) => Promise<void>;
  #next: Promise<IteratorResult<T>> | null = null;

  /** @param discard is given the item that was made and never taken, when the consumer stops early. */
  constructor(items: AsyncIterable<T>, discard: (item: T) => Promise<void> = async () => {}) {
    this.#iterator = items[Symbol.asyncIterator]();
    this.#discard = discard;
  }

  /** Asks for the next item now; done by itself when the consumer comes for it. */
  begin(): void {
    this.#begun();
  }

  #begun(): Promise<IteratorResult<T>> {
    if (this.#next !== null) return this.#next;
    const next = this.#iterator.next();
    // A failure surfaces when its item is taken, not as an unhandled rejection before.
    next.catch(() => undefined);
    this.#next = next;
    return next;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        const result = await this.#begun();
        if (result.done) return;
        this.#next = null;
        yield result.value;
      }
    } finally {
      const left = await this.#next?.catch(() => undefined);
      if (left && !left.done) await this.#discard(left.value);
      await this.#iterator.return?.();
    }
  }
}

/** Asks for the next item as soon as the consumer has one: reading overlaps what is done with it. */
export async function* readAhead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const ahead = new ReadAhead(items);
  for await (const item of ahead) {
    ahead.begin();
    yield item;
  }
}
