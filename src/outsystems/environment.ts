import type { Database, PhysicalTable } from '../database/port.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from './catalog.ts';

/** One side of an alignment. Nothing is written to either. */
export interface Environment {
  database: Database;
  catalog: EnvironmentCatalog;
}

/** Bounds of a page read from a platform table. */
export const page = { rows: 5000, bytes: 4 * 1024 * 1024 };

/** The name of a table's column as the database writes it; undefined where this platform version lacks it. */
export function columnOf(table: PhysicalTable, column: string): string | undefined {
  const wanted = column.toUpperCase();
  return table.columns.find((candidate) => candidate.name.toUpperCase() === wanted)?.name;
}

export function entityOf({ catalog }: Environment, key: EntityKey): Entity | undefined {
  return catalog.entities.find((entity) => entity.key === key);
}
