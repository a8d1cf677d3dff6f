import { createHash } from 'node:crypto';
import fc from 'fast-check';

const smallest = -(2n ** 63n);
const largest = 2n ** 63n - 1n;

/** 64-bit ids: mostly the small ones that databases mint, and all the others too. */
export const id64 = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt({ min: -50n, max: 500n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: smallest, max: largest }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(smallest, largest, 2n ** 53n, -(2n ** 53n), 2n ** 50n, 2n ** 50n - 1n, 2n ** 31n),
  },
);

/** A generator of numbers from 0 to 1 that is the same in every run. */
export function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Ascending ids whose gaps are random, from 1 to `largestGap`. */
export function ascendingIds(count: number, largestGap: number): string[] {
  const random = sequence(7);
  let id = 1000;
  return Array.from({ length: count }, () => {
    id += 1 + Math.floor(random() * largestGap);
    return String(id);
  });
}

/** Distinct GUIDs without order, in lower case. */
export function guids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const hex = createHash('md5').update(String(index)).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  });
}
