import { withoutTrailingZeros } from '../canonicalText.ts';
import { DatabaseError, databaseError } from '../errors.ts';
import type { Cell, Row } from '../port.ts';

/** Types whose text form is not the canonical one (port.ts, `Cell`), by the number PostgreSQL has for them. */
export const typeIds = { boolean: 16, binary: 17, decimal: 1700, timestampWithZone: 1184 } as const;

/** Rows with more bytes than this are taken apart as bytes: a text of theirs would cost as much again. */
const largeRowBytes = 1 << 20;
/** Bytes of one chunk sent to COPY, about. */
const chunkLength = 1 << 16;
const newline = 10;
const tab = 9;

type Conversion = (text: string) => Cell;

const conversions: Record<number, Conversion> = {
  [typeIds.boolean]: (text) => (text === 't' ? '1' : '0'),
  [typeIds.binary]: (text) => bytesOfHex(text.slice(2)),
  [typeIds.decimal]: withoutTrailingZeros,
  // The session's time zone is UTC.
  [typeIds.timestampWithZone]: (text) => text.replace('+00', ''),
};

/** A value as the server writes it in text, in canonical form. */
export function cellOfText(text: string, type: number): Cell {
  const convert = conversions[type];
  return convert === undefined ? text : convert(text);
}

/** What one row takes, in bytes of COPY's text format: about its size, twice that of binary columns. */
export type TakeRow = (row: Row, bytes: number) => void;

/**
 * Takes COPY's text format apart (PostgreSQL manual, COPY, "Text Format"). A raw line feed ends a row and a raw tab a
 * value, always: within values both are escaped. Texts are slices of their chunk, so keep copies of what must outlive
 * it.
 * @param types type number of each column
 */
export function rowDecoder(types: number[], take: TakeRow): (chunk: Buffer) => void {
  const converted: { index: number; convert: Conversion }[] = [];
  types.forEach((type, index) => {
    const convert = conversions[type];
    if (convert !== undefined && type !== typeIds.binary) converted.push({ index, convert });
  });
  let pending: Buffer[] = [];

  const decodeLines = (block: Buffer) => {
    const text = block.toString('utf8');
    const ascii = text.length === block.length;
    const escaped = text.includes('\\');
    for (const line of text.split('\n')) {
      const row: Row = line.split('\t');
      if (escaped && line.includes('\\')) unescapeRow(row, types);
      for (let i = 0; i < converted.length; i++) {
        const { index, convert } = converted[i]!;
        const cell = row[index];
        if (cell !== null) row[index] = convert(cell as string);
      }
      take(row, ascii ? line.length : Buffer.byteLength(line));
    }
  };

  return (chunk) => {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      pending.push(chunk);
      return;
    }
    let start = 0;
    if (pending.length > 0) {
      const first = chunk.indexOf(newline);
      const line = Buffer.concat([...pending, chunk.subarray(0, first)]);
      pending = [];
      if (line.length < largeRowBytes) decodeLines(line);
      else take(largeRow(line, types), line.length);
      start = first + 1;
    }
    if (start <= last) decodeLines(chunk.subarray(start, last));
    // A copy: the chunk itself is much larger and would be kept alive.
    if (last + 1 < chunk.length) pending.push(Buffer.from(chunk.subarray(last + 1)));
  };
}

function unescapeRow(row: Row, types: number[]): void {
  for (let i = 0; i < row.length; i++) {
    const cell = row[i] as string;
    if (cell.includes('\\')) row[i] = unescapeCell(cell, types[i]!);
  }
}

/** Binary comes as `\\x` and hexadecimal digits. */
function unescapeCell(cell: string, type: number): Cell {
  if (cell === '\\N') return null;
  if (type === typeIds.binary) return bytesOfHex(cell.slice(3));
  return cell.replace(/\\(.)/gs, (_, letter: string) => escapedLetters[letter] ?? letter);
}

const escapedLetters: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function largeRow(line: Buffer, types: number[]): Row {
  const row: Row = [];
  let start = 0;
  for (const type of types) {
    const end = line.indexOf(tab, start);
    const field = line.subarray(start, end < 0 ? line.length : end);
    row.push(type === typeIds.binary && field.length > 2 ? binaryField(field) : textField(field, type));
    start = end + 1;
  }
  return row;
}

function textField(field: Buffer, type: number): Cell {
  const text = field.toString('utf8');
  const cell = text.includes('\\') ? unescapeCell(text, type) : text;
  return typeof cell === 'string' ? cellOfText(cell, type) : cell;
}

function binaryField(field: Buffer): Uint8Array {
  const digits = field.subarray(3);
  const bytes = Buffer.allocUnsafeSlow(digits.length / 2);
  for (let at = 0; at < digits.length; at += largeRowBytes) {
    bytes.write(digits.toString('latin1', at, at + largeRowBytes), at / 2, 'hex');
  }
  return plainBytes(bytes);
}

function bytesOfHex(digits: string): Uint8Array {
  return plainBytes(Buffer.from(digits, 'hex'));
}

function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

const needsEscape = /[\\\t\n\r\0]/;
const loneSurrogate = /\p{Surrogate}/u;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Names the table in errors of the encoder. */
export interface EncodingPlace {
  database: string;
  table: string;
  columns: string[];
  /** What the columns' types would cut off in silence. */
  limits: (ColumnLimit | null)[];
}

/**
 * Puts rows into COPY's text format, each followed by its rank.
 * @throws DatabaseError `invalidValue` for a text PostgreSQL cannot hold: with U+0000, or half of a surrogate pair
 *   (which would silently become U+FFFD); `truncation` for what its column would cut off without a word.
 */
export function* encodeRows(rows: Row[], firstRank: number, place: EncodingPlace): Generator<Buffer> {
  let text = '';
  const encoded = () => {
    if (loneSurrogate.test(text)) throw unstorable(rows, loneSurrogate, place);
    const chunk = Buffer.from(text, 'utf8');
    text = '';
    return chunk;
  };
  const escaped = (cell: string, index: number): string => {
    const limit = place.limits[index]!;
    if (limit !== null && isCut(cell, limit)) throw cutOff(index, place);
    if (!needsEscape.test(cell)) return cell;
    if (cell.includes('\0')) throw unstorable(rows, /\0/, place);
    return cell.replace(/[\\\t\n\r]/g, (letter) => escapes[letter]!);
  };
  let rank = firstRank;
  for (const row of rows) {
    for (let index = 0; index < row.length; index++) {
      const cell = row[index]!;
      if (cell === null) text += '\\N';
      else if (typeof cell === 'string') text += escaped(cell, index);
      else if (cell.length < chunkLength) text += `\\\\x${hex(cell)}`;
      else {
        text += '\\\\x';
        yield encoded();
        yield* hexChunks(cell);
      }
      text += '\t';
    }
    text += rank++;
    text += '\n';
    if (text.length >= chunkLength) yield encoded();
  }
  if (text !== '') yield encoded();
}

function* hexChunks(bytes: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += chunkLength) {
    yield Buffer.from(hex(bytes.subarray(at, at + chunkLength)), 'latin1');
  }
}

/** PostgreSQL takes a text that is too long by blanks, or a fraction that is too long, and cuts it. */
function isCut(cell: string, { characters, fraction }: ColumnLimit): boolean {
  if (characters !== null) return cell.length > characters && [...cell].length > characters;
  if (fraction === null) return false;
  const point = cell.lastIndexOf('.');
  return point >= 0 && (/^\d+/.exec(cell.slice(point + 1))?.[0].length ?? 0) > fraction;
}

function cutOff(index: number, { database, table, columns }: EncodingPlace): DatabaseError {
  return databaseError({ code: 'truncation', database, number: '22001', table, column: columns[index] ?? null });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function unstorable(rows: Row[], pattern: RegExp, { database, table, columns }: EncodingPlace): DatabaseError {
  const index = columns.findIndex((_, at) =>
    rows.some((row) => {
      const cell = row[at];
      return typeof cell === 'string' && pattern.test(cell);
    }),
  );
  const column = columns[index] ?? null;
  return new DatabaseError({
    code: 'invalidValue',
    database,
    number: '22021',
    table,
    column,
    message: `${database} on table ${table}, column ${column}: PostgreSQL cannot store a text with U+0000 or half a surrogate pair [22021]`,
  });
}

/** What a column's type would cut off in silence: trailing blanks of a text, digits behind the point. */
export interface ColumnLimit {
  /** Characters of a text. */
  characters: number | null;
  /** Digits of a fraction. */
  fraction: number | null;
}
