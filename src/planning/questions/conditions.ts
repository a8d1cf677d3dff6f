import type { Database, PhysicalColumn, TableName } from '../../database/port.ts';

/** Quotes identifiers of one database for the text of `query`. */
export type Quote = (identifier: string) => string;

export const quoteFor = (database: Database): Quote => {
  return (identifier) => database.quote(identifier);
};

export const tableText = (quote: Quote, table: TableName): string => `${quote(table.schema)}.${quote(table.name)}`;

/** Names the columns of a statement's main table. */
export const mainTable = 't';
export const columnText = (quote: Quote, column: PhysicalColumn): string => `${mainTable}.${quote(column.name)}`;

/**
 * Condition: the column holds something that an application would miss: neither NULL nor what the platform reads as
 * the type's default (metamodel §5, "Nullability"; trap 39).
 */
export function holdsData(quote: Quote, column: PhysicalColumn): string {
  const name = columnText(quote, column);
  const given = `${name} is not null`;
  switch (column.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
      return `${given} and ${name} <> 0`;
    case 'text':
      // Has a character: unlike a comparison, every text type of either engine takes this.
      return `${name} like '_%'`;
    case 'boolean':
      return `cast(${name} as int) <> 0`;
    case 'datetime':
      return `${given} and ${name} <> '1900-01-01 00:00:00'`;
    case 'date':
      return `${given} and ${name} <> '1900-01-01'`;
    default:
      return given;
  }
}

/** Condition: the column holds the identifier of a row; 0 and '' mean "no row" (trap 39). */
export function holdsReference(quote: Quote, column: PhysicalColumn): string {
  const name = columnText(quote, column);
  if (column.kind === 'integer' || column.kind === 'decimal') return `${name} is not null and ${name} <> 0`;
  return column.kind === 'text' ? `${name} is not null and ${name} <> ''` : `${name} is not null`;
}

/** Condition: the column holds the identifier of a row of the reference's target. */
export function holdsTarget(
  quote: Quote,
  { column, typed }: { column: PhysicalColumn; typed?: { column: PhysicalColumn; types: readonly string[] } },
): string {
  const held = holdsReference(quote, column);
  if (typed === undefined) return held;
  return `${held} and ${columnText(quote, column)} <> '0' and ${isOfType(columnText(quote, typed.column), typed.types)}`;
}

/** Condition: a text is one of these types, which are in lower case. */
export function isOfType(text: string, types: readonly string[]): string {
  const literals = types.map((type) => `'${type.replaceAll("'", "''").replaceAll('?', '??')}'`);
  return `lower(${text}) in (${literals.join(', ')})`;
}
