import { missingObject, texts } from '../catalogRows.ts';
import type { ColumnKind, TableName } from '../port.ts';
import { quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

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

/** As sys.columns has it: bytes, −1 for max; two bytes a character of the n-types. */
export function columnType(
  base: string | null,
  maxLength: string | null,
  precision: string | null,
  scale: string | null,
  collation: string | null,
): ColumnType {
  const bytes = Number(maxLength);
  const isCounted = /char$|binary$/.test(base ?? '') && bytes >= 0;
  const length = !isCounted ? null : /^n/.test(base!) ? bytes / 2 : bytes;
  return { base: base ?? 'clr', length, precision: Number(precision), scale: Number(scale), collation };
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

export const columnsQuestion = `SELECT c.name, t.name, c.max_length, c.precision, c.scale, c.collation_name
FROM sys.columns AS c
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
WHERE c.object_id = OBJECT_ID(?)`;

/** What was asked once is remembered for a while: a batch would otherwise ask for its table each time. */
const rememberedMs = 60_000;

/**
 * Types of some columns, in the order asked for.
 * @throws DatabaseError `unknownObject` naming the table or column that is not there.
 */
export async function columnTypes(session: Session, table: TableName, columns: string[]): Promise<ColumnType[]> {
  const name = quoteTable(table);
  let remembered = session.types.get(name);
  if (remembered === undefined || performance.now() - remembered.at > rememberedMs) {
    const rows = texts(await queryCells(session, columnsQuestion, [name]));
    const types = rows.map(([column, ...facts]) => [column!, columnType(...(facts as ColumnFacts))] as const);
    // By its exact name, else as the server compares names nearly everywhere.
    const folded = types.map(([column, type]) => [column.toLowerCase(), type] as const);
    remembered = { at: performance.now(), columns: new Map([...folded, ...types]) };
    if (rows.length > 0) session.types.set(name, remembered);
  }
  const known = remembered.columns;
  return columns.map((column) => {
    const type = known.get(column) ?? known.get(column.toLowerCase());
    if (type !== undefined) return type;
    session.types.delete(name);
    const isTable = known.size === 0;
    throw missingObject(session.database, isTable ? '208' : '207', table, isTable ? null : column);
  });
}

type ColumnFacts = [string | null, string | null, string | null, string | null, string | null];
