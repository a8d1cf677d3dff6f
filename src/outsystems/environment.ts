import type { Database, PhysicalColumn, PhysicalTable } from '../database/port.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from './catalog.ts';
import { CatalogError } from './errors.ts';
import { sameName } from './naming.ts';

/** One side of an alignment. Nothing is written to either. */
export interface Environment {
  database: Database;
  catalog: EnvironmentCatalog;
}

/** Bounds of a page read from a platform table. */
export const page = { rows: 5000, bytes: 4 * 1024 * 1024 };

/** A column of a table, its name in any case; undefined where this platform version lacks it. */
export function physicalColumn(table: PhysicalTable, column: string): PhysicalColumn | undefined {
  return table.columns.find(({ name }) => sameName(name, column));
}

/** The name of a table's column as the database writes it; undefined where this platform version lacks it. */
export function columnOf(table: PhysicalTable, column: string): string | undefined {
  return physicalColumn(table, column)?.name;
}

/** A column that every version of the platform has. @throws CatalogError where the table lacks it */
export function requiredColumn(table: PhysicalTable, column: string): PhysicalColumn {
  const physical = physicalColumn(table, column);
  if (physical !== undefined) return physical;
  throw new CatalogError(
    `${table.name} has no column ${column}: every platform version that Caravel supports has it; ` +
      'check which version this environment runs',
  );
}

/** A platform table that must be there, by its upper-case name. @throws CatalogError where the environment lacks it */
export function requiredTable({ environment, platformTables }: EnvironmentCatalog, name: string): PhysicalTable {
  const table = platformTables.get(name);
  if (table !== undefined) return table;
  throw new CatalogError(
    `'${environment}' has no table ${name}: every platform version that Caravel supports has it; ` +
      'check which version this environment runs',
  );
}

export function entityOf({ catalog }: Environment, key: EntityKey): Entity | undefined {
  return catalog.entities.find((entity) => entity.key === key);
}
