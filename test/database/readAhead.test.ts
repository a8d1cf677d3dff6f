import { describe, expect, it } from 'vitest';
import { ReadAhead, readAhead } from '../../src/database/readAhead.ts';

async function* counting(limit: number, log: string[]) {
  try {
    for (let i = 1; i <= limit; i++) {
      log.push(`read ${i}`);
      yield i;
    }
  } finally {
    log.push('closed');
  }
}

describe('reading ahead', () => {
  it('reads the next page while the last is being written', async () => {
    const log: string[] = [];
    for await (const page of readAhead(counting(3, log))) {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`wrote ${page}`);
    }
    expect(log).toEqual(['read 1', 'read 2', 'wrote 1', 'read 3', 'wrote 2', 'closed', 'wrote 3']);
  });

  it('closes its source when the writer stops early', async () => {
    const log: string[] = [];
    for await (const page of readAhead(counting(9, log))) if (page === 2) break;
    expect(log.at(-1)).toBe('closed');
  });

  it('passes on a failure of the source at its place', async () => {
    async function* failing() {
      yield 1;
      throw new Error('source is away');
    }
    const seen: number[] = [];
    await expect(async () => {
      for await (const page of readAhead(failing())) seen.push(page);
    }).rejects.toThrow('source is away');
    expect(seen).toEqual([1]);
  });

  it('waits to be told, where the writer wants to be alone first, and gives up what was made and never taken', async () => {
    const log: string[] = [];
    const ahead = new ReadAhead(counting(9, log), async (page) => {
      log.push(`gave up ${page}`);
    });
    for await (const page of ahead) {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`prepared ${page}`);
      ahead.begin();
      ahead.begin();
      await new Promise((resolve) => setImmediate(resolve));
      if (page === 2) break;
    }
    expect(log).toEqual(['read 1', 'prepared 1', 'read 2', 'prepared 2', 'read 3', 'gave up 3', 'closed']);
  });
});
