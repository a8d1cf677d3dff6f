import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packIds, unpackIds } from '../../src/identity/idList.ts';
import { decodeSegment, decodeTextSegment, encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { guids, id64 } from './ids.ts';

describe('a segment of integer ids', () => {
  it('gives back any 64-bit ids in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(id64, id64)), (pairs) => {
        const sources = pairs.map(([source]) => String(source));
        const destinations = pairs.map(([, destination]) => String(destination));
        const decoded = decodeSegment(encodeSegment(sources, destinations));
        expect(Array.from(decoded.sources, String)).toEqual(sources);
        expect(Array.from(decoded.destinations, String)).toEqual(destinations);
      }),
    );
  });
});

describe('a segment of text ids', () => {
  it('gives back any texts in any order, half surrogates included', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud83d', 'é', 'e\u0301', '', '007', '12'));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (pairs) => {
        const sources = pairs.map(([source]) => source);
        const destinations = pairs.map(([, destination]) => destination);
        expect(decodeTextSegment(encodeTextSegment(sources, destinations))).toEqual({ sources, destinations });
      }),
    );
  });
});

describe('packed ids of an intent', () => {
  it('come back as they went in, integers and texts', () => {
    const list = fc.oneof(fc.array(id64.map(String)), fc.array(fc.string()), fc.constant(guids(20)));
    fc.assert(
      fc.property(list, (ids) => {
        expect(unpackIds(packIds(ids))).toEqual(ids);
      }),
    );
  });
});
