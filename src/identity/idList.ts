import { ByteReader, ByteWriter, DamagedSegmentError } from './bytes.ts';
import { type IntegerIds, parseIntegerIds } from './integerId.ts';
import { chooseCoding, type IntegerCoding, readIntegers, writeIntegers } from './integerList.ts';
import { chooseTextCoding, packTexts, type TextCoding, unpackTexts } from './textList.ts';

/** First byte of everything packed here; a reader refuses what it does not know. */
export const formatVersion = 1;

const integerCodings: IntegerCoding[] = ['ascending', 'any', 'wideAscending', 'wideAny'];
const textCodings: TextCoding[] = ['utf8', 'utf16', 'lowerGuids', 'upperGuids'];
/** Bits of a list's own first byte: what its low two bits index, and whether the texts are deflated. */
const textBit = 4;
const deflatedBit = 8;
/** No list is longer, so that a damaged count does not make us reserve memory for it. */
const mostIds = 2 ** 24;

/**
 * Packs ids, integers or texts, in their order: about a byte an id or less for ascending integers, 16 bytes a GUID.
 * Texts come back exactly as they are; integers are coded as such only where their text is canonical.
 */
export function packIds(ids: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(formatVersion);
  writeIds(writer, ids);
  return writer.finish();
}

/** @throws DamagedSegmentError */
export function unpackIds(bytes: Uint8Array): string[] {
  const reader = readerOf(bytes);
  return textOf(readIds(reader));
}

/** A reader placed behind the version byte. @throws DamagedSegmentError for a version that is not ours. */
export function readerOf(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== formatVersion) throw new DamagedSegmentError(`its format is ${version}, known is ${formatVersion}`);
  return reader;
}

/** Appends one list that says its own length and coding. @throws RangeError for more than 2^24 ids. */
export function writeIds(writer: ByteWriter, ids: readonly string[] | IntegerIds): void {
  if (ids.length > mostIds) throw new RangeError(`${ids.length} ids are too many for one list, split them`);
  const integers = ids instanceof Float64Array || ids instanceof BigInt64Array ? ids : parseIntegerIds(ids);
  if (integers !== undefined) {
    const coding = chooseCoding(integers);
    writer.byte(integerCodings.indexOf(coding));
    writer.varint(integers.length);
    writeIntegers(writer, integers, coding);
    return;
  }
  const texts = ids as readonly string[]; // Integer arrays were taken above.
  const coding = chooseTextCoding(texts);
  const { bytes, deflated } = packTexts(texts, coding);
  writer.byte(textCodings.indexOf(coding) | textBit | (deflated ? deflatedBit : 0));
  writer.varint(texts.length);
  writer.varint(bytes.length);
  writer.append(bytes);
}

/** Reads one list that `writeIds` wrote: numbers where they are integers. @throws DamagedSegmentError */
export function readIds(reader: ByteReader): string[] | IntegerIds {
  const kind = reader.byte();
  if (kind > (textBit | deflatedBit | 3)) throw new DamagedSegmentError(`it holds a list of unknown kind ${kind}`);
  const count = reader.varint();
  if (count > mostIds) throw new DamagedSegmentError(`it claims to hold ${count} ids`);
  if ((kind & textBit) === 0) return readIntegers(reader, count, codingOf(integerCodings, kind));
  const bytes = reader.take(reader.varint());
  return unpackTexts(bytes, count, codingOf(textCodings, kind), (kind & deflatedBit) !== 0);
}

/** The coding that the low two bits of a list's first byte name. @throws DamagedSegmentError */
function codingOf<Coding>(codings: readonly Coding[], kind: number): Coding {
  const coding = codings[kind & 3];
  if (coding === undefined) throw new DamagedSegmentError(`it holds a list of unknown kind ${kind}`);
  return coding;
}

/** Ids as the databases write them. */
export function textOf(ids: readonly string[] | IntegerIds): string[] {
  return ids instanceof Float64Array || ids instanceof BigInt64Array
    ? Array.from<number | bigint, string>(ids, String)
    : [...ids];
}
