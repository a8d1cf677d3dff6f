import type { PhysicalColumn, TableName } from '../../database/port.ts';
import { type Sql, sql } from '../../database/sql.ts';

/** A statement's main table, under the name that conditions know it by. */
export const mainTable = (table: TableName): Sql => sql`${sql.table(table)} ${sql.id('t')}`;

/** A column of the statement's main table. */
export const mainColumn = (column: string): Sql => sql.id('t', column);

/**
 * Condition: the column holds something that an application would miss: neither NULL nor what the platform reads as
 * the type's default (metamodel §5, "Nullability"; trap 39).
 */
export function holdsData(column: PhysicalColumn): Sql {
  const name = mainColumn(column.name);
  const given = sql`${name} is not null`;
  switch (column.kind) {
    case 'integer':
    case 'decimal':
    case 'float':
      return sql`${given} and ${name} <> 0`;
    case 'text':
      // Has a character: unlike a comparison, every text type of either engine takes this.
      return sql`${name} like '_%'`;
    case 'boolean':
      return sql`cast(${name} as int) <> 0`;
    case 'datetime':
      return sql`${given} and ${name} <> '1900-01-01 00:00:00'`;
    case 'date':
      return sql`${given} and ${name} <> '1900-01-01'`;
    default:
      return given;
  }
}

/** Condition: the column holds the identifier of a row; 0 and '' mean "no row" (trap 39). */
export function holdsReference(column: PhysicalColumn): Sql {
  const name = mainColumn(column.name);
  const given = sql`${name} is not null`;
  if (column.kind === 'integer' || column.kind === 'decimal') return sql`${given} and ${name} <> 0`;
  return column.kind === 'text' ? sql`${given} and ${name} <> ''` : given;
}

/** Condition: the column holds the identifier of a row of the reference's target. */
export function holdsTarget({
  column,
  typed,
}: {
  column: PhysicalColumn;
  typed?: { column: PhysicalColumn; types: readonly string[] };
}): Sql {
  const held = holdsReference(column);
  if (typed === undefined) return held;
  return sql.all([held, sql`${mainColumn(column.name)} <> '0'`, isOfType(mainColumn(typed.column.name), typed.types)]);
}

/** Condition: a text is one of these types, which are in lower case. */
const isOfType = (text: Sql, types: readonly string[]): Sql => sql`lower(${text}) in (${sql.list(types)})`;
