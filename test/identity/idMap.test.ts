import { describe, expect, it } from 'vitest';
import { IdentityConflictError } from '../../src/identity/identityConflict.ts';
import { NumericIdMap } from '../../src/identity/numericIdMap.ts';
import { encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { TextIdMap } from '../../src/identity/textIdMap.ts';
import { ascendingIds } from './ids.ts';

const sourcesOf = (pairs: readonly (readonly [string, string])[]) => pairs.map(([source]) => source);
const destinationsOf = (pairs: readonly (readonly [string, string])[]) => pairs.map(([, destination]) => destination);

describe('an id map of integers', () => {
  const mapOf = (...pairs: [string, string][][]) => {
    const map = new NumericIdMap();
    for (const segment of pairs) map.add(encodeSegment(sourcesOf(segment), destinationsOf(segment)));
    return map;
  };

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
});

describe('an id map of texts', () => {
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
