/**
 * Asks for the next item while the consumer is still busy with the last: reading and translating overlap writing.
 * Holds one item at most besides the consumer's.
 * @param discard is given the item that was made and never taken, when the consumer stops early.
 */
export async function* readAhead<T>(
  items: AsyncIterable<T>,
  discard: (item: T) => Promise<void> = async () => {},
): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let next = iterator.next();
  // A failure surfaces when its item is asked for, not as an unhandled rejection before.
  next.catch(() => undefined);
  try {
    for (;;) {
      const result = await next;
      if (result.done) return;
      next = iterator.next();
      next.catch(() => undefined);
      yield result.value;
    }
  } finally {
    const left = await next.catch(() => undefined);
    if (left && !left.done) await discard(left.value);
    await iterator.return?.();
  }
}
