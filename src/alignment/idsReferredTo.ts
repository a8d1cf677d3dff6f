import type { Database, TableName } from '../database/port.ts';
import { text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { page } from '../outsystems/environment.ts';
import { isNullIdentifier, isNullReference } from '../outsystems/naming.ts';

/** A column of the source whose values are ids of `target`: a reference attribute, or the hidden TENANT_ID. */
export interface ReferenceColumn {
  table: TableName;
  column: string;
  target: EntityKey;
  /** Only rows whose `column` is at most `upTo` are to be migrated; all of them when left out. */
  bound?: { column: string; upTo: string };
  /** Only where this column holds one of these types, in lower case, are the values ids of the target. */
  typed?: { column: string; types: string[] };
  /** Rows that stay behind, by what this column holds. */
  behind?: { column: string; has(id: string): boolean };
}

/**
 * The ids of `target` that data refers to: the distinct values of each column, found by the database, together. Null
 * identifiers are left out (trap 39). Memory: the ids, each once.
 * @throws DatabaseError
 */
export async function referredIds(
  database: Database,
  references: readonly ReferenceColumn[],
  target: EntityKey,
): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const reference of references.filter((one) => one.target === target)) {
    const values = reference.behind === undefined ? distinctIds(database, reference) : idsOfRows(database, reference);
    for await (const id of values) if (!isNullIdentifier(id)) ids.add(id);
  }
  return ids;
}

async function* distinctIds(
  database: Database,
  { table, column, bound, typed }: ReferenceColumn,
): AsyncGenerator<string> {
  const conditions = [sql`${sql.id(column)} is not null`];
  // Written out: an identifier may be a decimal, of more digits than an integer that is bound.
  if (bound !== undefined) conditions.push(sql`${sql.id(bound.column)} <= ${sql.literal(BigInt(bound.upTo))}`);
  if (typed !== undefined) conditions.push(sql`lower(${sql.id(typed.column)}) in (${sql.list(typed.types)})`);
  const rows = await database.query(
    sql`select distinct ${sql.id(column)} as id from ${sql.table(table)} where ${sql.all(conditions)}`,
    { id: text },
  );
  for (const { id } of rows) yield id;
}

/**
 * Ids in the rows that are to be migrated, one for each row: the database does not know which rows stay behind.
 * @throws DatabaseError
 */
export async function* idsOfRows(
  database: Database,
  { table, column, bound, typed, behind: stayingBehind }: ReferenceColumn,
): AsyncGenerator<string> {
  const columns = [
    ...new Set([column, stayingBehind?.column, typed?.column, bound?.column].filter((name) => name !== undefined)),
  ];
  const ownerPlace = columns.indexOf(stayingBehind?.column ?? '');
  const typePlace = columns.indexOf(typed?.column ?? '');
  const pages = database.readRows({
    table,
    columns,
    key: bound?.column ?? null,
    upTo: bound?.upTo ?? null,
    batch: page,
  });
  for await (const rows of pages) {
    for (const row of rows) {
      const [id] = row;
      if (id === undefined || isNullReference(id)) continue;
      if (typed !== undefined && !typed.types.includes(String(row[typePlace]).toLowerCase())) continue;
      const owner = row[ownerPlace];
      if (stayingBehind === undefined || owner === null || !stayingBehind.has(String(owner))) yield String(id);
    }
  }
}
