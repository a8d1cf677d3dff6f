import type { Database, PhysicalForeignKey, PhysicalTable } from '../database/port.ts';
import type { Entity, EnvironmentCatalog } from './catalog.ts';
import { sameName } from './naming.ts';

/** A column that holds identifiers of another table's rows. */
export interface ReferringColumn {
  table: PhysicalTable;
  column: string;
  /** Whose table it is; null where no active entity has it. */
  entity: Entity | null;
  /** What the constraint does when the row it refers to is deleted; null where there is none (trap 9). */
  onDelete: PhysicalForeignKey['onDelete'] | null;
}

/** A reference of a platform table that the metamodel does not give. Names are in upper case. */
export interface DeclaredColumn {
  table: string;
  column: string;
  to: string;
}

/**
 * Every column of an environment that refers to a table: by the constraints of the database, whosever table it is, by
 * the metamodel, and as declared. By the upper-case name of the table referred to. Views are left out.
 * @throws DatabaseError
 */
export async function referringColumns(
  database: Database,
  catalog: EnvironmentCatalog,
  declared: readonly DeclaredColumn[],
): Promise<Map<string, ReferringColumn[]>> {
  const owners = new Map(
    catalog.entities.flatMap((entity) => (entity.table === null ? [] : [[entity.table.name.toUpperCase(), entity]])),
  );
  const byTarget = new Map<string, Map<string, ReferringColumn>>();
  const add = (target: string, table: PhysicalTable, column: string, onDelete: ReferringColumn['onDelete']) => {
    const ofTarget = byTarget.get(target.toUpperCase()) ?? new Map<string, ReferringColumn>();
    byTarget.set(target.toUpperCase(), ofTarget);
    const place = `${table.name}.${column}`.toUpperCase();
    if (ofTarget.has(place)) return;
    ofTarget.set(place, { table, column, entity: owners.get(table.name.toUpperCase()) ?? null, onDelete });
  };
  for (const table of await database.tables()) {
    if (table.type !== 'table') continue;
    for (const { column, target, onDelete, enabled } of table.foreignKeys) {
      if (enabled) add(target, table, column, onDelete);
    }
  }
  const tableOf = new Map(catalog.entities.map(({ key, table }) => [key, table]));
  for (const { table, attributes } of catalog.entities) {
    if (table?.type !== 'table') continue;
    for (const { references, column } of attributes) {
      const target = references === null ? null : tableOf.get(references);
      if (target && column !== null) add(target.name, table, column.name, null);
    }
  }
  for (const { table: name, column, to } of declared) {
    const table = catalog.platformTables.get(name);
    const physical = table?.columns.find((one) => sameName(one.name, column));
    if (table?.type === 'table' && physical !== undefined) add(to, table, physical.name, null);
  }
  return new Map([...byTarget].map(([target, columns]) => [target, [...columns.values()]]));
}
