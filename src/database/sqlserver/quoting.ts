import type { TableName } from '../port.ts';

/** `[name]`, a closing bracket doubled: independent of QUOTED_IDENTIFIER. */
export function quoteIdentifier(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

export function quoteTable(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}

export function quoteColumns(columns: string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}
