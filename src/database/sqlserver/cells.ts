import { TYPES } from 'tedious';
import { withoutTrailingZeros } from '../canonicalText.ts';
import { type DatabaseError, type DatabaseErrorCode, databaseError } from '../errors.ts';
import type { Cell } from '../port.ts';
import { type ColumnType, declaration, isCodePage, isUnicode } from './columnTypes.ts';
import type { ColumnMetadata, DataType } from './driver.ts';

/** More characters than this, or bytes, only fit a `max` type. */
const longestUnicode = 4_000;
const longestBinary = 8_000;
/** What tedious takes for `max`. */
const maxLength = 65_535;

/**
 * How values of one column travel. The driver carries whole numbers, floats, Unicode text, bytes, GUIDs, days and
 * datetime's 1/300 s exactly. It makes doubles of decimals and money and sends them with 64 bits, keeps the finer times
 * in milliseconds, and guesses the code page of a varchar: all those are read as text, staged as text, and cast by the
 * server in its own SELECT and INSERT (the texts of these types know no language; "CAST and CONVERT", date and time
 * styles).
 */
export interface Transfer {
  /** Expression that reads the column. */
  read(column: string): string;
  /** A value of that expression → cell. */
  decode(value: unknown): Cell;
  /** Declared type of the staged column. */
  staged: string;
  bulk: { type: DataType; length?: number };
  /** A cell → what the driver is given; @throws Misfit where the destination could not hold it exactly. */
  encode(cell: Cell): unknown;
  /** Expression that turns the staged column into the destination's type. */
  write(staged: string): string;
}

/** Why a value does not fit its column. */
export class Misfit extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode) {
    super(code);
    this.code = code;
  }

  /** As an error of the column. */
  at(database: string, table: string, column: string): DatabaseError {
    return databaseError({ code: this.code, database, number: '', table, column });
  }
}

const wholeRanges: Record<string, [bigint, bigint, DataType]> = {
  tinyint: [0n, 255n, TYPES.TinyInt],
  smallint: [-(1n << 15n), (1n << 15n) - 1n, TYPES.SmallInt],
  int: [-(1n << 31n), (1n << 31n) - 1n, TYPES.Int],
  bigint: [-(1n << 63n), (1n << 63n) - 1n, TYPES.BigInt],
};

const plain = (column: string) => column;

export function transferOf(type: ColumnType): Transfer {
  const range = wholeRanges[type.base];
  if (range !== undefined) return whole(type, range);
  switch (type.base) {
    case 'bit':
      return {
        read: plain,
        decode: (value) => (value === null ? null : value ? '1' : '0'),
        staged: 'bit',
        bulk: { type: TYPES.Bit },
        encode: (cell) => (cell === null ? null : matching(cell, /^[01]$/) === '1'),
        write: plain,
      };
    case 'float':
    case 'real':
      return float(type.base === 'real');
    case 'decimal':
    case 'numeric':
      return asText(type, { length: 41, fits: (cell) => fitsDecimal(cell, type.precision, type.scale) });
    case 'money':
    case 'smallmoney':
      return money(type);
    case 'datetime':
    case 'smalldatetime':
    case 'date':
      return date(type.base);
    case 'datetime2':
    case 'datetimeoffset':
    case 'time':
      return asText(type, { length: 34, fits: (cell) => fitsFraction(cell, type.scale) });
    case 'uniqueidentifier':
      return {
        read: plain,
        decode: (value) => (value === null ? null : (value as string).toLowerCase()),
        staged: 'uniqueidentifier',
        bulk: { type: TYPES.UniqueIdentifier },
        encode: (cell) => (cell === null ? null : matching(cell, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i)),
        write: plain,
      };
    case 'binary':
    case 'varbinary':
    case 'image':
    case 'timestamp':
      return binary(type);
    default:
      return text(type);
  }
}

function whole(type: ColumnType, [least, most, bulkType]: [bigint, bigint, DataType]): Transfer {
  const isBig = type.base === 'bigint';
  return {
    read: plain,
    decode: (value) => (value === null ? null : String(value)),
    staged: type.base,
    bulk: { type: bulkType },
    encode(cell) {
      if (cell === null) return null;
      const digits = matching(cell, /^-?\d+$/);
      // Up to nine digits fit every type but the two smallest, and are the usual case.
      if (digits.length <= 9 && type.base === 'int') return Number(digits);
      const value = BigInt(digits);
      if (value < least || value > most) throw new Misfit('overflow');
      return isBig ? value : Number(value);
    },
    write: plain,
  };
}

function float(single: boolean): Transfer {
  return {
    read: plain,
    decode: (value) => (value === null ? null : floatText(value as number, single)),
    staged: single ? 'real' : 'float',
    bulk: { type: single ? TYPES.Real : TYPES.Float },
    encode(cell) {
      if (cell === null) return null;
      const value = Number(matching(cell, /^-?[\d.]+(e[+-]?\d+)?$/i));
      if (!Number.isFinite(value) || (single && !Number.isFinite(Math.fround(value)))) throw new Misfit('overflow');
      return value;
    },
    write: plain,
  };
}

/** The shortest text that reads back as the same number, of single precision where the column is. */
export function floatText(value: number, single: boolean): string {
  if (Object.is(value, -0)) return '-0';
  if (!single) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function asText(type: ColumnType, { length, fits }: { length: number; fits: (cell: string) => void }): Transfer {
  return {
    read: (column) => `CAST(${column} AS varchar(${length}))`,
    decode: (value) => (value === null ? null : canonical(value as string)),
    staged: `varchar(${length})`,
    bulk: { type: TYPES.VarChar, length },
    encode(cell) {
      if (cell === null) return null;
      const value = matching(cell, /^[\x20-\x7e]+$/);
      fits(value);
      if (value.length > length) throw new Misfit('invalidValue');
      return value;
    },
    write: (staged) => `CAST(${staged} AS ${declaration(type)})`,
  };
}

/** Through a decimal, whose text knows no currency and no style. */
function money(type: ColumnType): Transfer {
  const precision = type.base === 'money' ? 19 : 10;
  const decimal = transferOf({ ...type, base: 'decimal', precision, scale: 4 });
  return {
    ...decimal,
    read: (column) => decimal.read(`CAST(${column} AS decimal(${precision},4))`),
    write: (staged) => `CAST(${decimal.write(staged)} AS ${type.base})`,
  };
}

/** A datetimeoffset has its offset behind the fraction: `12:00:00.1230000 +05:30`. */
function canonical(text: string): string {
  const offset = text.search(/ [+-]\d\d:\d\d$/);
  return offset < 0 ? withoutTrailingZeros(text) : withoutTrailingZeros(text.slice(0, offset)) + text.slice(offset);
}

/** The server would round what is behind the last place, in silence. */
function fitsDecimal(cell: string, precision: number, scale: number): void {
  const [, units, fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(cell) ?? [];
  if (units === undefined) throw new Misfit('invalidValue');
  if (fraction.length > scale) throw new Misfit('truncation');
  if (units.replace(/^0+/, '').length > precision - scale) throw new Misfit('overflow');
}

function fitsFraction(cell: string, places: number): void {
  const fraction = /\.(\d+)/.exec(cell)?.[1] ?? '';
  if (fraction.length > places) throw new Misfit('truncation');
}

/** The driver checks the year by the worker's own time zone, and writes it by UTC. */
class UtcDate extends Date {
  override getFullYear(): number {
    return this.getUTCFullYear();
  }
}

interface DateRange {
  bulk: DataType;
  /** Milliseconds since 1970. */
  least: number;
  most: number;
  /** Whether the type has this millisecond of a second, of a day. */
  has(millisecond: number): boolean;
}

const dayMilliseconds = 86_400_000;
const dateRanges: Record<'datetime' | 'smalldatetime' | 'date', DateRange> = {
  datetime: {
    bulk: TYPES.DateTime,
    least: Date.UTC(1753, 0, 1),
    most: Date.UTC(9999, 11, 31, 23, 59, 59, 997),
    // Ticks of 1/300 s, as the server shows them: .000, .003, .007.
    has: (millisecond) => millisecond % 10 === 0 || millisecond % 10 === 3 || millisecond % 10 === 7,
  },
  smalldatetime: {
    bulk: TYPES.SmallDateTime,
    least: Date.UTC(1900, 0, 1),
    most: Date.UTC(2079, 5, 6, 23, 59),
    has: (millisecond) => millisecond % 60_000 === 0,
  },
  date: {
    bulk: TYPES.Date,
    least: Date.parse('0001-01-01T00:00:00Z'),
    most: Date.UTC(9999, 11, 31),
    has: (millisecond) => millisecond === 0,
  },
};

function date(base: 'datetime' | 'smalldatetime' | 'date'): Transfer {
  const { bulk, least, most, has } = dateRanges[base];
  const shown = base === 'date' ? 'Date' : 'DateTime';
  return {
    read: plain,
    decode: (value) => (value === null ? null : dateText(value as DriverDate, shown)),
    staged: base,
    bulk: { type: bulk },
    encode(cell) {
      if (cell === null) return null;
      const text = matching(cell, /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,7})?)?$/);
      if (text.length > 23) throw new Misfit('truncation');
      const at = new UtcDate(text.length === 10 ? `${text}T00:00:00Z` : `${text.replace(' ', 'T')}Z`);
      const time = at.getTime();
      if (Number.isNaN(time)) throw new Misfit('invalidValue');
      if (time < least || time > most) throw new Misfit('overflow');
      const ofDay = ((time % dayMilliseconds) + dayMilliseconds) % dayMilliseconds;
      if (!has(ofDay)) throw new Misfit('truncation');
      return at;
    },
    write: plain,
  };
}

function binary(type: ColumnType): Transfer {
  const length = type.base === 'timestamp' ? 8 : type.length;
  const isMax = length === null || length > longestBinary;
  return {
    read: (column) => (type.base === 'image' ? `CAST(${column} AS varbinary(max))` : column),
    decode: (value) => (value === null ? null : plainBytes(value as Buffer)),
    staged: isMax ? 'varbinary(max)' : `varbinary(${length})`,
    bulk: { type: TYPES.VarBinary, length: isMax ? maxLength : length },
    encode(cell) {
      if (cell === null) return null;
      if (typeof cell === 'string') throw new Misfit('invalidValue');
      if (length !== null && cell.byteLength > length) throw new Misfit('truncation');
      return Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
    },
    write: (staged) => (type.base === 'image' ? `CAST(${staged} AS image)` : staged),
  };
}

/** Text, and whatever else the server can write as text: xml, sql_variant, the CLR's types. */
function text(type: ColumnType): Transfer {
  const isText = isUnicode(type) || isCodePage(type);
  const length = isText ? type.length : null;
  const isMax = length === null || length > longestUnicode;
  const unicode = isMax ? 'nvarchar(max)' : `nvarchar(${length})`;
  const isPlain = type.base === 'nvarchar' || type.base === 'nchar';
  return {
    read(column) {
      if (isPlain) return column;
      return type.base === 'clr' ? `${column}.ToString()` : `CAST(${column} AS ${unicode})`;
    },
    decode: (value) => value as string | null,
    staged: `${unicode}${type.collation === null ? '' : ` COLLATE ${type.collation}`}`,
    bulk: { type: TYPES.NVarChar, length: isMax ? maxLength : length },
    encode(cell) {
      if (cell === null) return null;
      if (typeof cell !== 'string') throw new Misfit('invalidValue');
      if (length !== null && cell.length > length) throw new Misfit('truncation');
      return cell;
    },
    write(staged) {
      if (type.base === 'xml') return `CONVERT(xml, ${staged}, 1)`;
      return type.base === 'text' ? `CAST(${staged} AS varchar(max))` : staged;
    },
  };
}

/** The text of a cell that has the form. */
function matching(cell: Exclude<Cell, null>, form: RegExp): string {
  if (typeof cell !== 'string' || !form.test(cell)) throw new Misfit('invalidValue');
  return cell;
}

/** Copied where the driver gives a slice of a packet, which would be kept alive. */
function plainBytes(buffer: Buffer): Uint8Array {
  if (buffer.byteLength < buffer.buffer.byteLength) return new Uint8Array(buffer);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * A value in the result of any query, by the type the server gave it. Decimals come as doubles: exact up to 15 digits,
 * and refused beyond (CAST them to varchar in the query).
 */
export function cellOfValue(value: unknown, { type, scale, dataLength }: ColumnMetadata): Cell {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'string') return type.name === 'UniqueIdentifier' ? value.toLowerCase() : value;
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return plainBytes(value);
  if (typeof value === 'number') {
    if (/Decimal|Numeric/.test(type.name)) return decimalText(value, scale ?? 0);
    if (/Money/.test(type.name)) return decimalText(value, 4);
    return floatText(value, type.name === 'Real' || (type.name === 'FloatN' && dataLength === 4));
  }
  if (value instanceof Date) return dateText(value as DriverDate, type.name);
  return String(value);
}

function decimalText(value: number, scale: number): string {
  if (Math.abs(value) * 10 ** scale >= Number.MAX_SAFE_INTEGER) {
    throw new Error('a decimal of more than 15 digits in a query: cast it to varchar there');
  }
  return withoutTrailingZeros(value.toFixed(scale)).replace(/^-0$/, '0');
}

/** The driver keeps what is below a millisecond beside the date, in seconds. */
type DriverDate = Date & { nanosecondsDelta?: number };

function dateText(value: DriverDate, type: string): string {
  const iso = value.toISOString();
  const finer = Math.round((value.nanosecondsDelta ?? 0) * 1e7);
  const ticks = String(value.getUTCMilliseconds() * 10_000 + finer).padStart(7, '0');
  const day = iso.slice(0, iso.indexOf('T'));
  const time = withoutTrailingZeros(`${iso.slice(iso.indexOf('T') + 1, iso.indexOf('.'))}.${ticks}`);
  if (type === 'Date') return day;
  if (type === 'Time') return time;
  return type === 'DateTimeOffset' ? `${day} ${time} +00:00` : `${day} ${time}`;
}
