/** Statements that run at the same time in one database while planning. */
const atOnce = 4;

/** Does the work for each item, a few at a time; results in the order of the items. Stops at the first error. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const take = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, take));
  } catch (error) {
    next = items.length;
    throw error;
  }
  return results;
}
