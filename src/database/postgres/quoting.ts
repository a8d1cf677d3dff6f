import type { TableName } from '../port.ts';

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable(table: TableName): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
}

export function quoteColumns(columns: string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}

/**
 * An untyped literal, for COPY, which takes no parameters. Compared with a column it takes that column's type and
 * collation. Needs `standard_conforming_strings`, which every session sets.
 */
export function quoteLiteral(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** An array in PostgreSQL's text form: a parameter, or inside a literal. */
export function arrayText(values: string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/** An untyped array literal: `key = ANY('{…}')` takes the column's type. */
export function quoteArray(values: string[]): string {
  return quoteLiteral(arrayText(values));
}
