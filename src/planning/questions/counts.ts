import type { ColumnName, Database, TableName } from '../../database/port.ts';
import type { Draft } from '../drafting/draft.ts';
import { columnText, mainTable, type Quote, quoteFor, tableText } from './conditions.ts';
import { inParallel } from './parallel.ts';

/** Bounds that one statement reads; SQL Server takes 256 tables in one. */
const boundsAtOnce = 200;

/** Rows that the run will read of each copied draft; 0 for the others, of which alignment knows. @throws DatabaseError */
export async function countDrafts(
  database: Database,
  quote: Quote,
  drafts: readonly Draft[],
  bounds: ReadonlyMap<Draft, string | null>,
): Promise<number[]> {
  return inParallel(drafts, async (draft) => {
    if (draft.people !== null) return 0;
    const bound = bounds.get(draft) ?? null;
    const key = draft.identifierColumns?.source;
    const where = bound === null || key === undefined ? '' : ` where ${columnText(quote, key)} <= ${BigInt(bound)}`;
    return countAll(database, quote, draft.source, where);
  });
}

/** @throws DatabaseError */
export async function countAll(database: Database, quote: Quote, table: TableName, where = ''): Promise<number> {
  const [row] = await database.query(`select count(*) from ${tableText(quote, table)} ${mainTable}${where}`);
  return Number(row![0]);
}

/** Largest value of each of these columns, as one statement sees them together; null of an empty table. @throws DatabaseError */
export async function largestIds(database: Database, places: readonly ColumnName[]): Promise<(string | null)[]> {
  const quote = quoteFor(database);
  const found: (string | null)[] = [];
  for (let first = 0; first < places.length; first += boundsAtOnce) {
    const parts = places
      .slice(first, first + boundsAtOnce)
      .map(({ table, column }) => `(select max(${quote(column)}) from ${tableText(quote, table)})`);
    const [row] = await database.query(`select ${parts.join(', ')}`);
    found.push(...row!.map((cell) => (cell === null ? null : String(cell))));
  }
  return found;
}
