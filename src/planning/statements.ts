import type { Database, PhysicalColumn, TableName } from '../database/port.ts';

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

/** Largest value of each integer type, by the engines' names for them. */
const integerLimits: Record<string, bigint> = {
  tinyint: 255n,
  smallint: 32767n,
  int: 2147483647n,
  integer: 2147483647n,
  bigint: 9223372036854775807n,
};
const integerLimit = (column: PhysicalColumn) => integerLimits[column.type.toLowerCase()] ?? null;

/**
 * Condition under which a value of the source's column does not go into the destination's without loss; null where
 * every value does. Both are of the same kind (trap 44: lengths drift).
 */
export function doesNotFit(quote: Quote, source: PhysicalColumn, destination: PhysicalColumn): string | null {
  const name = columnText(quote, source);
  if (source.kind === 'text' || destination.kind === 'text') {
    const { length } = destination;
    if (length === null || (source.length !== null && source.length <= length)) return null;
    if (source.kind !== 'text') return null;
    // Both engines know this form; what stands beyond the last character that fits tells more than a length.
    return `substring(${name}, ${length + 1}, 1) like '_%'`;
  }
  if (destination.kind === 'integer') {
    const limit = integerLimit(destination);
    const own = source.kind === 'integer' ? integerLimit(source) : null;
    if (limit === null || (own !== null && own <= limit)) return null;
    const least = limit === 255n ? 0n : -limit - 1n;
    return `(${name} > ${limit} or ${name} < ${least})`;
  }
  if (destination.kind === 'decimal') return decimalDoesNotFit(name, source, destination);
  return null;
}

function decimalDoesNotFit(name: string, source: PhysicalColumn, destination: PhysicalColumn): string | null {
  const { precision, scale } = destination;
  if (precision === null) return null;
  const places = precision - (scale ?? 0);
  const conditions: string[] = [];
  const sourcePlaces = source.precision === null ? null : source.precision - (source.scale ?? 0);
  if (sourcePlaces === null || sourcePlaces > places) conditions.push(`abs(${name}) >= 1${'0'.repeat(places)}`);
  const sourceScale = source.kind === 'decimal' ? source.scale : 0;
  if (sourceScale === null || sourceScale > (scale ?? 0)) conditions.push(`${name} <> round(${name}, ${scale ?? 0})`);
  return conditions.length === 0 ? null : `(${conditions.join(' or ')})`;
}
