import type { MintedIds } from '../database/port.ts';
import { ByteWriter, DamagedSegmentError } from './bytes.ts';
import { formatVersion, readerOf, readIds, textOf, writeIds } from './idList.ts';
import { type IntegerIds, integerIdsOf, parseIntegerIds } from './integerId.ts';

/**
 * One committed batch of an id map in the journal (docs/architecture.md, "Id maps"): the version, whether the
 * destination ids are the source ids, the source ids, and the destination ids unless they are the same. The n-th of the
 * one belongs to the n-th of the other. Ascending source ids with random gaps and contiguous destination ids take about
 * a byte a pair.
 */
const sameIds = 0;
const ownIds = 1;

/** Integer pairs; `sources[n]` becomes `destinations[n]`. */
export interface IntegerPairs {
  sources: IntegerIds;
  destinations: IntegerIds;
}

/** Text pairs; also integer pairs of a map whose other side is text. */
export interface TextPairs {
  sources: string[];
  destinations: string[];
}

/**
 * Packs integer pairs, in any order.
 * @throws RangeError where an id is no canonical 64-bit integer, or the two sides differ in length.
 */
export function encodeSegment(source: readonly string[], destination: MintedIds | readonly string[]): Uint8Array {
  const sources = parseIntegerIds(source);
  const destinations = integersOf(destination);
  if (sources === undefined || destinations === undefined) {
    throw new RangeError('a segment of integer ids was given an id that is not a 64-bit integer');
  }
  return encode(sources, destinations);
}

/**
 * Packs text pairs, in any order. Ids that are equal on both sides are stored once.
 * @throws RangeError where the two sides differ in length.
 */
export function encodeTextSegment(source: readonly string[], destination: readonly string[]): Uint8Array {
  return encode(source, destination);
}

/** @throws DamagedSegmentError, also where the segment holds texts. */
export function decodeSegment(bytes: Uint8Array): IntegerPairs {
  const { sources, destinations } = decode(bytes);
  if (Array.isArray(sources) || Array.isArray(destinations)) {
    throw new DamagedSegmentError('it holds text ids where integers belong');
  }
  return { sources, destinations };
}

/** Reads either kind of segment, as text. @throws DamagedSegmentError */
export function decodeTextSegment(bytes: Uint8Array): TextPairs {
  const { sources, destinations } = decode(bytes);
  const texts = textOf(sources);
  return { sources: texts, destinations: sources === destinations ? texts : textOf(destinations) };
}

function encode(sources: readonly string[] | IntegerIds, destinations: readonly string[] | IntegerIds): Uint8Array {
  if (sources.length !== destinations.length) {
    throw new RangeError(
      `a segment needs as many destination ids (${destinations.length}) as source ids (${sources.length})`,
    );
  }
  const writer = new ByteWriter();
  const same = sameInOrder(sources, destinations);
  writer.byte(formatVersion);
  writer.byte(same ? sameIds : ownIds);
  writeIds(writer, sources);
  if (!same) writeIds(writer, destinations);
  return writer.finish();
}

function decode(bytes: Uint8Array): {
  sources: string[] | IntegerIds;
  destinations: string[] | IntegerIds;
} {
  const reader = readerOf(bytes);
  const mode = reader.byte();
  if (mode > ownIds) throw new DamagedSegmentError(`it pairs ids in an unknown way, ${mode}`);
  const sources = readIds(reader);
  const destinations = mode === sameIds ? sources : readIds(reader);
  if (sources.length !== destinations.length) throw new DamagedSegmentError('its two sides differ in length');
  if (reader.remaining > 0) throw new DamagedSegmentError('it holds more than its ids');
  return { sources, destinations };
}

function integersOf(ids: MintedIds | readonly string[]): IntegerIds | undefined {
  if (!('first' in ids)) {
    // A list holds either strings or bigints, never both.
    if (typeof ids[0] === 'bigint') return integerIdsOf(ids as bigint[]);
    return parseIntegerIds(ids as readonly string[]);
  }
  const { first, count } = ids;
  const ends = integerIdsOf(count === 0 ? [] : [first, first + BigInt(count - 1)]);
  if (ends instanceof BigInt64Array) return BigInt64Array.from({ length: count }, (_, index) => first + BigInt(index));
  const start = Number(first);
  return Float64Array.from({ length: count }, (_, index) => start + index);
}

function sameInOrder(left: readonly string[] | IntegerIds, right: readonly string[] | IntegerIds): boolean {
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}
