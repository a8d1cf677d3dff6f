export type EngineName = 'postgres' | 'sqlserver';

/**
 * One value of one row, exact and in the same form on both engines:
 * - integers: decimal digits; decimals: plain digits with a point, trailing zeros of the fraction removed;
 * - booleans: `1` or `0`;
 * - date and time: `YYYY-MM-DD`, `HH:MM:SS`, `YYYY-MM-DD HH:MM:SS`, fractions of a second only as far as they are not
 * 0;
 * - floats: the shortest text that reads back as the same number; uuids: lower case with hyphens;
 * - binary: the bytes; everything else: the text itself. NULL is null; an empty text is '' and empty bytes are an empty
 * array.
 */
export type Cell = string | Uint8Array | null;
export type Row = Cell[];

/** A value of a statement. */
export type Parameter = string | number | bigint | boolean | Uint8Array | null | Date;

/** Names a physical table, as the catalog writes it. */
export interface TableName {
  schema: string;
  name: string;
}

export interface ColumnName {
  table: TableName;
  column: string;
}
