import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdentityConflictError } from '../../src/identity/identityConflict.ts';
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
  const mapOf = (...pairs: [string, string][][]) => {
    const map = new NumericIdMap();
    for (const segment of pairs) map.add(encodeSegment(sourcesOf(segment), destinationsOf(segment)));
    return map;
  };

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

  it('finds ids however unevenly they lie', () => {
    const sources = [...ascendingIds(2000, 1), ...ascendingIds(2000, 3).map((id) => String(Number(id) * 1_000_003))];
    const map = new NumericIdMap();
    map.add(encodeSegment(sources, { first: 1n, count: sources.length }));
    for (const [index, source] of sources.entries()) expect(map.get(source)).toBe(String(index + 1));
  });

  it('does not map a row twice', () => {
    const map = mapOf([
      ['1', '10'],
      ['2', '11'],
      ['3', '12'],
    ]);
    expect(() => map.add(encodeSegment(['2'], ['12']))).toThrow(IdentityConflictError);
    expect(() =>
      mapOf([
        ['7', '1'],
        ['7', '2'],
      ]),
    ).toThrow(IdentityConflictError);
    const far = String(2n ** 60n);
    expect(() => mapOf([['7', far]], [['7', '2']])).toThrow(IdentityConflictError);
    expect(() => mapOf([['7', '2']], [['7', far]])).toThrow(IdentityConflictError);
    expect(() =>
      mapOf([
        ['7', '2'],
        ['7', far],
      ]),
    ).toThrow(IdentityConflictError);
    expect(() => mapOf([[far, '2']], [[far, '3']])).toThrow(IdentityConflictError);
  });

  it('takes the same segment twice', () => {
    const pairs: [string, string][] = [
      ['1', '10'],
      ['2', '11'],
      ['9', '3'],
      [String(2n ** 62n), '4'],
    ];
    const map = mapOf(pairs, pairs, pairs.slice(1, 3));
    expect(map.size).toBe(4);
    expect([...map.entries()]).toEqual(pairs);
  });

  it('forgets what it answered when it grows', () => {
    const map = mapOf([['1', '10']]);
    expect(map.get('2')).toBeUndefined();
    map.add(encodeSegment(['2'], ['11']));
    expect(map.get('2')).toBe('11');
  });

  it('knows only ids as the databases write them', () => {
    const map = mapOf([
      ['7', '1'],
      ['0', '2'],
      ['-3', '3'],
    ]);
    expect(map.get('0')).toBe('2');
    expect(map.get('-3')).toBe('3');
    for (const id of ['007', ' 7', '7 ', '7.0', '+7', '-0', '', '-', 'seven']) expect(map.get(id), id).toBeUndefined();
    expect(new NumericIdMap().get('')).toBeUndefined();
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

  it('compares exactly, also in case and accents', () => {
    const map = new TextIdMap();
    map.add(encodeTextSegment(['abc', 'Äpfel'], ['abc', 'x']));
    expect(map.get('abc')).toBe('abc');
    expect(map.get('ABC')).toBeUndefined();
    expect(map.get('Apfel')).toBeUndefined();
    expect(map.has('Äpfel')).toBe(true);
  });

  it('does not map a row twice, and takes the same pair again', () => {
    const map = new TextIdMap();
    map.add(encodeTextSegment(['a', 'b'], ['a', 'c']));
    map.add(encodeTextSegment(['b', 'a'], ['c', 'a']));
    expect(map.size).toBe(2);
    expect(() => map.add(encodeTextSegment(['a'], ['z']))).toThrow(IdentityConflictError);
    expect(() => map.add(encodeTextSegment(['b'], ['b']))).toThrow(IdentityConflictError);
  });
});
