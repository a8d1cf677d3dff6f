import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedSegmentError } from '../../src/identity/bytes.ts';
import { packIds, unpackIds } from '../../src/identity/idList.ts';
import { decodeSegment, decodeTextSegment, encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { ascendingIds, guids } from './ids.ts';

const pairsOf = (content: Uint8Array) => {
  const { sources, destinations } = decodeSegment(content);
  return { sources: Array.from(sources, String), destinations: Array.from(destinations, String) };
};

describe('a segment of integer ids', () => {
  it('gives back the ends of the 64-bit range and of what a number holds', () => {
    const sources = ['-9223372036854775808', '9223372036854775807', '0', '-1', '9007199254740993', '1125899906842624'];
    const destinations = [...sources].reverse();
    expect(pairsOf(encodeSegment(sources, destinations))).toEqual({ sources, destinations });
    const narrow = ['-1125899906842623', '1125899906842623', '-1125899906842623', '1125899906842623'];
    expect(pairsOf(encodeSegment(narrow, narrow))).toEqual({ sources: narrow, destinations: narrow });
  });

  it('takes minted ids as a first id and a count, as bigints, or as text', () => {
    const sources = ['3', '5', '6'];
    const destinations = ['100', '101', '102'];
    expect(pairsOf(encodeSegment(sources, { first: 100n, count: 3 }))).toEqual({ sources, destinations });
    expect(pairsOf(encodeSegment(sources, [100n, 101n, 102n]))).toEqual({ sources, destinations });
    const far = 2n ** 63n - 3n;
    expect(pairsOf(encodeSegment(sources, { first: far, count: 3 })).destinations[2]).toBe(String(2n ** 63n - 1n));
    expect(pairsOf(encodeSegment([], { first: 1n, count: 0 }))).toEqual({ sources: [], destinations: [] });
  });

  it('refuses an id that is no 64-bit integer, and sides of different length', () => {
    for (const id of ['', '-', '007', '1.0', '-0', ' 1', '9223372036854775808', '-9223372036854775809', 'x']) {
      expect(() => encodeSegment([id], ['1']), id).toThrow(RangeError);
    }
    expect(() => encodeSegment(['1'], { first: 2n ** 63n, count: 1 })).toThrow(RangeError);
    expect(() => encodeSegment(['1', '2'], ['1'])).toThrow(RangeError);
  });

  it('takes at most 2 bytes an id for ascending ids with gaps and contiguous destination ids', () => {
    const bytesAnId = (largestGap: number) => {
      const sources = ascendingIds(10_000, largestGap);
      return encodeSegment(sources, { first: 5_000_000n, count: sources.length }).length / sources.length;
    };
    expect(bytesAnId(1)).toBeLessThan(0.01);
    expect(bytesAnId(3)).toBeLessThan(1.01);
    expect(bytesAnId(1000)).toBeLessThan(2.01);
    expect(bytesAnId(100_000_000)).toBeLessThan(4.01);
  });

  it('says so when its bytes are damaged', () => {
    const content = encodeSegment(['1', '5', '9'], ['7', '7', '8']);
    expect(() => decodeSegment(content.subarray(0, content.length - 1))).toThrow(DamagedSegmentError);
    expect(() => decodeSegment(Uint8Array.from([9, ...content.subarray(1)]))).toThrow(/format is 9/);
    expect(() => decodeSegment(Uint8Array.from([...content, 0]))).toThrow(DamagedSegmentError);
    expect(() => decodeSegment(encodeTextSegment(['a'], ['b']))).toThrow(DamagedSegmentError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeTextSegment(Uint8Array.from([1, ...bytes]).subarray(0, 1 + bytes.length));
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedSegmentError);
        }
      }),
    );
  });
});

describe('a segment of text ids', () => {
  it('takes 16 bytes a GUID, in either case, and stores ids that stay as they are once', () => {
    const lower = guids(1000);
    const upper = lower.map((guid) => guid.toUpperCase());
    for (const ids of [lower, upper]) {
      const content = encodeTextSegment(ids, ids);
      expect(decodeTextSegment(content).sources).toEqual(ids);
      expect(content.length).toBeLessThan(16.1 * ids.length);
    }
    expect(decodeTextSegment(encodeTextSegment(lower, upper))).toEqual({ sources: lower, destinations: upper });
    const mixed = [...lower.slice(0, 5), ...upper.slice(5, 10)];
    expect(decodeTextSegment(encodeTextSegment(mixed, mixed)).destinations).toEqual(mixed);
  });

  it('takes under a byte an id for codes that count up', () => {
    const codes = Array.from({ length: 10_000 }, (_, index) => `ORD-2024-${String(index).padStart(6, '0')}`);
    expect(encodeTextSegment(codes, codes).length).toBeLessThan(codes.length);
  });
});

describe('packed ids of an intent', () => {
  it('keep their order and their duplicates', () => {
    const ids = ['5', '3', '3', '9', '-2'];
    expect(unpackIds(packIds(ids))).toEqual(ids);
  });
});
