import type { Row } from '../database/port.ts';

/** Asks for the next page while the last one is being compared: both databases work at the same time. */
export async function* pagesAhead(pages: AsyncIterable<Row[]>): AsyncGenerator<Row[]> {
  const iterator = pages[Symbol.asyncIterator]();
  const ask = () => {
    const page = iterator.next();
    // Its failure is thrown where it is awaited.
    page.catch(() => undefined);
    return page;
  };
  let next = ask();
  try {
    for (let page = await next; !page.done; page = await next) {
      next = ask();
      yield page.value;
    }
  } finally {
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}
