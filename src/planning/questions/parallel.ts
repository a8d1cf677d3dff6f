/** Statements that run at the same time in one database while planning. */
const atOnce = 4;

/** Does the work for each item, a few at a time; results in the order of the items. Stops at the first error. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const waiting = items.entries();
  let isStopped = false;
  // Every worker takes the next item from the same iterator.
  const takeTurns = async () => {
    for (let turn = waiting.next(); !isStopped && !turn.done; turn = waiting.next()) {
      const [index, item] = turn.value;
      results[index] = await work(item);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, takeTurns));
  } catch (error) {
    isStopped = true;
    throw error;
  }
  return results;
}
