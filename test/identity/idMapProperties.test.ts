import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumericIdMap } from '../../src/identity/numericIdMap.ts';
import { encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { TextIdMap } from '../../src/identity/textIdMap.ts';
import { ascendingIds, guids, id64, sequence } from './ids.ts';

/** Segments of random pairs; some repeat pairs of others, none contradicts them. */
const segments = <T>(id: fc.Arbitrary<T>) =>
  fc
    .tuple(
      fc.array(fc.tuple(id, id), { maxLength: 60 }),
      fc.array(fc.array(fc.nat(), { maxLength: 30 }), { maxLength: 6 }),
    )
    .map(([pairs, picks]) => {
      const all = [...new Map(pairs.map(([source, destination]) => [String(source), String(destination)] as const))];
      return picks.map((chosen) => chosen.flatMap((pick) => (all.length === 0 ? [] : [all[pick % all.length]!])));
    });

const sourcesOf = (pairs: readonly (readonly [string, string])[]) => pairs.map(([source]) => source);
const destinationsOf = (pairs: readonly (readonly [string, string])[]) => pairs.map(([, destination]) => destination);

describe('an id map of integers', () => {
  it('agrees with a plain map after any segments', () => {
    fc.assert(
      fc.property(segments(id64), fc.array(id64), (added, asked) => {
        const plain = new Map<string, string>();
        const map = new NumericIdMap();
        for (const pairs of added) {
          map.add(encodeSegment(sourcesOf(pairs), destinationsOf(pairs)));
          for (const [source, destination] of pairs) plain.set(source, destination);
          for (const source of plain.keys()) expect(map.get(source)).toBe(plain.get(source));
        }
        for (const id of asked) {
          expect(map.get(String(id))).toBe(plain.get(String(id)));
          expect(map.has(String(id))).toBe(plain.has(String(id)));
        }
        expect(map.size).toBe(plain.size);
        const inOrder = [...plain].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1));
        expect([...map.entries()]).toEqual(inOrder);
      }),
      { numRuns: 500 },
    );
  });

  it('finds every id of a large map with gaps, in any order of asking, and none of the gaps', () => {
    for (const largestGap of [1, 2, 1000, 10_000_000]) {
      const sources = ascendingIds(50_000, largestGap);
      const map = new NumericIdMap();
      // Every other batch first: the rest then goes in between.
      const batches = Array.from({ length: 50 }, (_, index) => index).sort((a, b) => (a % 2) - (b % 2));
      for (const batch of batches) {
        map.add(
          encodeSegment(sources.slice(batch * 1000, (batch + 1) * 1000), { first: BigInt(batch * 1000), count: 1000 }),
        );
      }
      const random = sequence(3);
      const known = new Set(sources);
      for (let times = 0; times < 50_000; times++) {
        const index = Math.floor(random() * sources.length);
        if (map.get(sources[index]!) !== String(index)) expect(map.get(sources[index]!)).toBe(String(index));
        const beside = String(Number(sources[index]!) + 1);
        if (map.has(beside) !== known.has(beside)) expect(map.has(beside)).toBe(known.has(beside));
      }
      expect(map.size).toBe(sources.length);
    }
  });

  it('holds a million ids with a tenth missing in under 10 MB', () => {
    const random = sequence(11);
    let id = 0;
    const map = new NumericIdMap();
    for (let batch = 0; batch < 100; batch++) {
      const sources = Array.from({ length: 10_000 }, () => {
        id += random() < 0.1 ? 2 : 1;
        return String(id);
      });
      map.add(encodeSegment(sources, { first: BigInt(batch) * 10_000n + 77n, count: 10_000 }));
    }
    expect(map.size).toBe(1_000_000);
    expect(map.bytes).toBeLessThan(10_000_000);
  });
});

describe('an id map of texts', () => {
  it('agrees with a plain map after any segments', () => {
    fc.assert(
      fc.property(segments(fc.oneof(fc.string(), id64.map(String), fc.constantFrom(...guids(8)))), (added) => {
        const plain = new Map<string, string>();
        const map = new TextIdMap();
        for (const pairs of added) {
          map.add(encodeTextSegment(sourcesOf(pairs), destinationsOf(pairs)));
          for (const [source, destination] of pairs) plain.set(source, destination);
        }
        for (const [source, destination] of plain) expect(map.get(source)).toBe(destination);
        expect(map.size).toBe(plain.size);
        expect([...map.entries()]).toEqual([...plain].sort(([a], [b]) => (a < b ? -1 : 1)));
      }),
    );
  });
});
