/** Physical tables in words that both engines have; a dialect prints them. Names are as the platform writes them. */

export type ColumnType =
  | { kind: 'integer' }
  | { kind: 'bigInteger' }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'boolean' }
  | { kind: 'dateTime' }
  /** `length` in characters; null is unlimited. `ascii` is varchar on SQL Server (trap 45). */
  | { kind: 'text'; length: number | null; ascii?: boolean }
  /** image on SQL Server (trap 46). */
  | { kind: 'binary' };

export interface ColumnDescription {
  name: string;
  type: ColumnType;
  nullable: boolean;
  identity: boolean;
  /** Has a default constraint of the type's neutral value (metamodel §5). */
  hasDefault: boolean;
}

export interface TableDescription {
  name: string;
  columns: ColumnDescription[];
  primaryKey: { name: string; column: string } | null;
  indexes: { name: string; columns: string[]; unique: boolean }[];
  foreignKeys: { name: string; column: string; target: string; targetColumn: string; cascade: boolean }[];
}

export interface ViewDescription {
  name: string;
  /** A query that both engines take. */
  query: string;
}

export const integerType: ColumnType = { kind: 'integer' };
export const bigIntegerType: ColumnType = { kind: 'bigInteger' };
export const booleanType: ColumnType = { kind: 'boolean' };
export const dateTimeType: ColumnType = { kind: 'dateTime' };
export const binaryType: ColumnType = { kind: 'binary' };
export const textType = (length: number | null): ColumnType => ({ kind: 'text', length });
export const asciiType = (length: number): ColumnType => ({ kind: 'text', length, ascii: true });
export const decimalType = (precision: number, scale: number): ColumnType => ({ kind: 'decimal', precision, scale });

/** A value of a row: dates as `YYYY-MM-DD HH:MM:SS[.fff]`, decimals as text where a number would lose digits. */
export type Value = string | number | bigint | boolean | Uint8Array | null;

/** The neutral value that the platform stores for a type (metamodel §5). */
export function neutralValue(type: ColumnType): Value {
  switch (type.kind) {
    case 'integer':
    case 'bigInteger':
    case 'decimal':
      return 0;
    case 'boolean':
      return false;
    case 'dateTime':
      return '1900-01-01 00:00:00';
    case 'text':
      return '';
    case 'binary':
      return new Uint8Array();
  }
}
