import type { ColumnKind } from '../port.ts';
import { integer, orNull, type Shaped, text } from '../shape.ts';

/** A column's declared type, that of an alias resolved to what is under it. */
export interface ColumnType {
  /** `nvarchar`, `decimal`, …; `clr` for geometry, hierarchyid and their like. */
  base: string;
  /** Characters or bytes; null for max and where there is none. */
  length: number | null;
  precision: number;
  scale: number;
  collation: string | null;
}

const kinds: Record<string, ColumnKind> = {
  tinyint: 'integer',
  smallint: 'integer',
  int: 'integer',
  bigint: 'integer',
  bit: 'boolean',
  decimal: 'decimal',
  numeric: 'decimal',
  money: 'decimal',
  smallmoney: 'decimal',
  float: 'float',
  real: 'float',
  char: 'text',
  varchar: 'text',
  text: 'text',
  nchar: 'text',
  nvarchar: 'text',
  ntext: 'text',
  binary: 'binary',
  varbinary: 'binary',
  image: 'binary',
  timestamp: 'binary',
  datetime: 'datetime',
  smalldatetime: 'datetime',
  datetime2: 'datetime',
  datetimeoffset: 'datetime',
  date: 'date',
  time: 'time',
  uniqueidentifier: 'uuid',
};

export const kindOf = ({ base }: ColumnType): ColumnKind => kinds[base] ?? 'other';

/** What sys.columns says of a type: bytes, −1 for max; two bytes a character of the n-types. */
export const typeFacts = {
  base: orNull(text),
  maxLength: integer,
  precision: integer,
  scale: integer,
  collation: orNull(text),
};

export function columnType(facts: Shaped<typeof typeFacts>): ColumnType {
  const { base, maxLength: bytes, precision, scale, collation } = facts;
  const isCounted = base !== null && /char$|binary$/.test(base) && bytes >= 0;
  const length = !isCounted ? null : /^n/.test(base) ? bytes / 2 : bytes;
  return { base: base ?? 'clr', length, precision, scale, collation };
}

/** The type as DDL and CONVERT take it. */
export function declaration(type: ColumnType): string {
  const { base, length, precision, scale } = type;
  if (base === 'decimal' || base === 'numeric') return `${base}(${precision},${scale})`;
  if (base === 'datetime2' || base === 'datetimeoffset' || base === 'time') return `${base}(${scale})`;
  if (/char$|binary$/.test(base)) return `${base}(${length ?? 'max'})`;
  return base;
}

/** Columns whose type holds text that the server compares by a collation. */
export const isUnicode = ({ base }: ColumnType) => base === 'nvarchar' || base === 'nchar' || base === 'ntext';

/** Text of a code page: what is not in it would silently become `?`. */
export const isCodePage = ({ base }: ColumnType) => base === 'varchar' || base === 'char' || base === 'text';
