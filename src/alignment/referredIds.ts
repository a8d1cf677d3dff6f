import type { Database, TableName } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/** A column of the source whose values are ids of `target`: a reference attribute, or the hidden TENANT_ID. */
export interface ReferenceColumn {
  table: TableName;
  column: string;
  target: EntityKey;
  /** Only rows whose `column` is at most `upTo` are to be migrated; all of them when left out. */
  bound?: { column: string; upTo: string };
}

/**
 * The ids of `target` that data refers to: the distinct values of each column, found by the database, together. 0 is the
 * platform's null identifier and left out (trap 39). Memory: the ids, each once.
 * @throws DatabaseError
 */
export async function referredIds(
  database: Database,
  references: readonly ReferenceColumn[],
  target: EntityKey,
): Promise<Set<string>> {
  const quote = (identifier: string) => database.quote(identifier).replaceAll('?', '??');
  const ids = new Set<string>();
  for (const { table, column, bound } of references.filter((reference) => reference.target === target)) {
    const within = bound === undefined ? '' : ` and ${quote(bound.column)} <= ${BigInt(bound.upTo)}`;
    const rows = await database.query(
      `select distinct ${quote(column)} from ${quote(table.schema)}.${quote(table.name)} where ${quote(column)} is not null${within}`,
    );
    for (const [id] of rows) if (id !== '0') ids.add(String(id));
  }
  return ids;
}
