import type { ColumnName, Database, TableName } from '../../database/port.ts';
import { queryOne, queryRow } from '../../database/queries.ts';
import { integer, orNull, text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { Draft } from '../drafting/draft.ts';
import { mainColumn, mainTable } from './conditions.ts';
import { inParallel } from './parallel.ts';

/** Bounds that one statement reads; SQL Server takes 256 tables in one. */
const boundsAtOnce = 200;

/** Rows that the run will read of each copied draft; 0 for the others, of which alignment knows. @throws DatabaseError */
export async function countDrafts(
  database: Database,
  drafts: readonly Draft[],
  bounds: ReadonlyMap<Draft, string | null>,
): Promise<number[]> {
  return inParallel(drafts, async (draft) => {
    if (draft.people !== null) return 0;
    return countAll(database, draft.source, withinBound(draft, bounds));
  });
}

/** Rows that meet all of the conditions, which are over columns of `mainTable`. @throws DatabaseError */
export async function countAll(database: Database, table: TableName, conditions: readonly Sql[] = []): Promise<number> {
  const counted = sql`select ${sql.countOfRows} as total from ${mainTable(table)} where ${sql.all(conditions)}`;
  const { total } = await queryOne(database, counted, { total: integer });
  return total;
}

/**
 * Largest value of each of these columns, as one statement sees them together; null of an empty table.
 * @throws DatabaseError
 */
export async function largestIds(database: Database, places: readonly ColumnName[]): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  for (let first = 0; first < places.length; first += boundsAtOnce) {
    const parts = places
      .slice(first, first + boundsAtOnce)
      .map(({ table, column }) => sql`(select max(${sql.id(column)}) from ${sql.table(table)})`);
    found.push(...(await queryRow(database, parts)).map(orNull(text)));
  }
  return found;
}

/** Conditions: the row is one that the run reads of this draft; none where it reads all. */
export function withinBound(draft: Draft, bounds: ReadonlyMap<Draft, string | null>): Sql[] {
  const bound = bounds.get(draft) ?? null;
  const key = draft.identifierColumns?.source;
  if (bound === null || key === undefined) return [];
  // Written out: an identifier may be a decimal, of more digits than an integer that is bound.
  return [sql`${mainColumn(key.name)} <= ${sql.literal(BigInt(bound))}`];
}
