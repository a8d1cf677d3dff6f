import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, DamagedSegmentError } from './bytes.ts';

/**
 * Text ids in their order. GUIDs that are all in canonical lower case, or all in canonical upper case, take 16 bytes
 * each; other texts are front coded (what they share with the one before, then the rest), in UTF-8, or in UTF-16 where
 * one of them holds half of a surrogate pair, which nvarchar allows and UTF-8 cannot say.
 */
export type TextCoding = 'lowerGuids' | 'upperGuids' | 'utf8' | 'utf16';

const guidLength = 36;
const guidBytes = 16;
const hyphen = 45;
const lowerGuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const upperGuid = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/;
const loneSurrogate = /[\ud800-\udfff]/u;

/** The cheapest coding that gives these ids back. */
export function chooseTextCoding(ids: readonly string[]): TextCoding {
  if (ids.length > 0 && ids.every((id) => lowerGuid.test(id))) return 'lowerGuids';
  if (ids.length > 0 && ids.every((id) => upperGuid.test(id))) return 'upperGuids';
  return ids.some((id) => loneSurrogate.test(id)) ? 'utf16' : 'utf8';
}

/** The ids' bytes (not their count), and whether they were deflated, which is done only where it makes them fewer. */
export function packTexts(ids: readonly string[], coding: TextCoding): { bytes: Uint8Array; deflated: boolean } {
  const plain =
    coding === 'lowerGuids' || coding === 'upperGuids' ? packGuids(ids) : frontCode(ids, bufferEncoding(coding));
  const deflated = deflateRawSync(plain);
  return deflated.length < plain.length ? { bytes: deflated, deflated: true } : { bytes: plain, deflated: false };
}

/** Reads `count` ids that `packTexts` packed. @throws DamagedSegmentError */
export function unpackTexts(bytes: Uint8Array, count: number, coding: TextCoding, deflated: boolean): string[] {
  let plain = bytes;
  if (deflated) {
    try {
      plain = inflateRawSync(bytes);
    } catch {
      throw new DamagedSegmentError('its texts do not inflate');
    }
  }
  if (coding === 'utf8' || coding === 'utf16') return undoFrontCoding(plain, count, bufferEncoding(coding));
  return unpackGuids(plain, count, coding === 'upperGuids');
}

function bufferEncoding(coding: 'utf8' | 'utf16'): 'utf8' | 'utf16le' {
  return coding === 'utf8' ? 'utf8' : 'utf16le';
}

function packGuids(ids: readonly string[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(ids.length * guidBytes);
  for (const [index, id] of ids.entries()) bytes.write(id.replaceAll('-', ''), index * guidBytes, 'hex');
  return bytes;
}

function unpackGuids(bytes: Uint8Array, count: number, upper: boolean): string[] {
  if (bytes.length !== count * guidBytes) throw new DamagedSegmentError('its GUIDs are incomplete');
  const digits = upper ? '0123456789ABCDEF' : '0123456789abcdef';
  const text = Buffer.allocUnsafe(guidLength);
  const ids = new Array<string>(count);
  for (let index = 0; index < count; index++) {
    let at = 0;
    for (const byte of bytes.subarray(index * guidBytes, (index + 1) * guidBytes)) {
      if (at === 8 || at === 13 || at === 18 || at === 23) text[at++] = hyphen;
      text[at++] = digits.charCodeAt(byte >> 4);
      text[at++] = digits.charCodeAt(byte & 15);
    }
    ids[index] = text.toString('latin1');
  }
  return ids;
}

function frontCode(ids: readonly string[], encoding: 'utf8' | 'utf16le'): Uint8Array {
  const writer = new ByteWriter();
  let previous: Uint8Array = new Uint8Array(0);
  for (const id of ids) {
    const bytes = Buffer.from(id, encoding);
    const most = Math.min(previous.length, bytes.length);
    let shared = 0;
    while (shared < most && previous[shared] === bytes[shared]) shared++;
    writer.varint(shared);
    writer.varint(bytes.length - shared);
    writer.append(bytes.subarray(shared));
    previous = bytes;
  }
  return writer.finish();
}

function undoFrontCoding(bytes: Uint8Array, count: number, encoding: 'utf8' | 'utf16le'): string[] {
  const reader = new ByteReader(bytes);
  const ids = new Array<string>(count);
  let text = Buffer.allocUnsafe(256);
  let length = 0;
  for (let index = 0; index < count; index++) {
    const shared = reader.varint();
    const rest = reader.take(reader.varint());
    if (shared > length) throw new DamagedSegmentError('a text in it refers to more than there is');
    length = shared + rest.length;
    if (length > text.length) text = Buffer.concat([text], length * 2);
    text.set(rest, shared);
    ids[index] = text.toString(encoding, 0, length);
  }
  return ids;
}
