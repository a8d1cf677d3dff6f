import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSubsequence } from '../../src/copying/reconcile.ts';

const prints = (values: number[]) => values.map(BigInt);

describe('finding a batch among the rows above the mark', () => {
  it('finds a batch that stands there alone', () => {
    expect(findSubsequence(prints([1, 2, 3]), prints([1, 2, 3]))).toEqual([0, 1, 2]);
  });

  it('finds a batch between rows of an application', () => {
    expect(findSubsequence(prints([1, 2, 3]), prints([9, 1, 8, 2, 3, 7]))).toEqual([1, 3, 4]);
  });

  it('accepts equal rows within the batch when nothing else is there', () => {
    expect(findSubsequence(prints([5, 5, 5]), prints([5, 5, 5]))).toEqual([0, 1, 2]);
  });

  it('does not guess which of two equal rows is the batch', () => {
    expect(findSubsequence(prints([1, 2]), prints([1, 1, 2]))).toBe('unclear');
    expect(findSubsequence(prints([5, 5]), prints([5, 5, 5]))).toBe('unclear');
  });

  it('says absent only when not one row of the batch is there', () => {
    expect(findSubsequence(prints([1, 2]), prints([]))).toBe('absent');
    expect(findSubsequence(prints([1, 2]), prints([7, 8]))).toBe('absent');
    expect(findSubsequence(prints([1, 2]), prints([1]))).toBe('unclear');
    expect(findSubsequence(prints([1, 2]), prints([2, 1]))).toBe('unclear');
  });

  it('agrees with trying every way', () => {
    const small = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 });
    const rows = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 7 });
    fc.assert(
      fc.property(small, rows, (wanted, found) => {
        const ways = embeddings(wanted, found);
        const expected =
          ways.length === 1
            ? ways[0]
            : ways.length > 1 || found.some((value) => wanted.includes(value))
              ? 'unclear'
              : 'absent';
        expect(findSubsequence(prints(wanted), prints(found))).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

function embeddings(wanted: number[], found: number[], from = 0): number[][] {
  if (wanted.length === 0) return [[]];
  const [first, ...rest] = wanted;
  return found.flatMap((value, place) =>
    place >= from && value === first ? embeddings(rest, found, place + 1).map((way) => [place, ...way]) : [],
  );
}
