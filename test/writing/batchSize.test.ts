import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchSize } from '../../src/writing/batchSize.ts';

const most = { rows: 10_000, bytes: 8 << 20 };

describe('the size of a batch', () => {
  it('starts at 5,000 rows and 8 MB, or what the spec allows', () => {
    expect(new BatchSize(most)).toMatchObject({ rows: 5_000, bytes: 8 << 20 });
    expect(new BatchSize({ rows: 7, bytes: 100 })).toMatchObject({ rows: 7, bytes: 100 });
  });

  it('grows while full batches are quick, up to what is allowed', () => {
    const size = new BatchSize(most);
    size.written(5_000, 300);
    expect(size.rows).toBe(7_500);
    size.written(7_500, 300);
    expect(size.rows).toBe(10_000);
    size.written(10_000, 300);
    expect(size.rows).toBe(10_000);
  });

  it('learns nothing from a batch that was not full, or neither quick nor slow', () => {
    const size = new BatchSize(most);
    size.written(40, 5);
    size.written(5_000, 2_000);
    expect(size.rows).toBe(5_000);
  });

  it('shrinks where batches are slow, rows and bytes, and comes back', () => {
    const size = new BatchSize(most);
    size.written(5_000, 6_000);
    expect(size).toMatchObject({ rows: 2_500, bytes: 4 << 20 });
    // Bounded by bytes: half of what it held.
    size.written(600, 6_000);
    expect(size.rows).toBe(300);
    for (let batch = 0; batch < 20; batch++) size.written(size.rows, 200);
    expect(size).toMatchObject(most);
  });

  it('stays within its bounds whatever happens', () => {
    const bounds = fc.record({
      rows: fc.integer({ min: 1, max: 100_000 }),
      bytes: fc.integer({ min: 1, max: 1 << 24 }),
    });
    const batches = fc.array(fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 60_000 })));
    fc.assert(
      fc.property(bounds, batches, (limit, written) => {
        const size = new BatchSize(limit);
        for (const [rows, milliseconds] of written) {
          size.written(rows, milliseconds);
          expect(size.rows).toBeGreaterThanOrEqual(1);
          expect(size.rows).toBeLessThanOrEqual(limit.rows);
          expect(size.bytes).toBeGreaterThanOrEqual(1);
          expect(size.bytes).toBeLessThanOrEqual(limit.bytes);
          expect(Number.isInteger(size.rows)).toBe(true);
        }
      }),
    );
  });
});
