import type { ColumnName, Database, TableName } from '../../database/port.ts';
import { queryOne, queryRow } from '../../database/queries.ts';
import { integer, orNull, text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { BoundedDraft, CountedDraft } from '../drafting/draft.ts';
import { mainColumn, mainTable } from './conditions.ts';
import { inParallel } from './parallel.ts';

/** Bounds that one statement reads; SQL Server takes 256 tables in one. */
const boundsAtOnce = 200;

/** Counts the rows that the run will read of each copied draft. @throws DatabaseError */
export async function countDrafts(database: Database, drafts: readonly BoundedDraft[]): Promise<CountedDraft[]> {
  return inParallel(drafts, async (bounded) => {
    const { draft, component, bound } = bounded;
    const rows = draft.people === null ? await countAll(database, draft.source, withinBound(bounded)) : 0;
    return { draft, component, bound, rows };
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
  const largest: (string | null)[] = [];
  for (let first = 0; first < places.length; first += boundsAtOnce) {
    const parts = places
      .slice(first, first + boundsAtOnce)
      .map(({ table, column }) => sql`(select max(${sql.id(column)}) from ${sql.table(table)})`);
    largest.push(...(await queryRow(database, parts)).map(orNull(text)));
  }
  return largest;
}

/** Conditions: the row is one that the run reads of this draft; none where it reads all. */
export function withinBound({ draft, bound }: BoundedDraft): Sql[] {
  const key = draft.identifierColumns?.source;
  if (bound === null || key === undefined) return [];
  // Written out: an identifier may be a decimal, of more digits than an integer that is bound.
  return [sql`${mainColumn(key.name)} <= ${sql.literal(BigInt(bound))}`];
}
