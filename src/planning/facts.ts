import type { ColumnName, Database, TableName } from '../database/port.ts';
import type { Connected } from './connectDrafts.ts';
import type { Draft } from './draft.ts';
import { inParallel } from './parallel.ts';
import { columnText, mainTable, type Quote, quoteFor, tableText } from './statements.ts';

/** Upper bound of an empty table's identifiers: rows that come later belong to the next run. */
const emptyBound = '0';

/** Bounds that one statement reads; SQL Server takes 256 tables in one. */
const boundsAtOnce = 200;

/**
 * Largest source id of each copied draft with integer identifiers, null for the others: children before the entities they
 * refer to, so that a row that a live source adds meanwhile cannot dangle (design.md, "The batch protocol"). The entities of
 * a component are read by one statement, since none of them comes first.
 * @throws DatabaseError
 */
export async function readBounds(
  database: Database,
  { drafts, components }: Connected,
): Promise<Map<Draft, string | null>> {
  const bounds = new Map<Draft, string | null>(drafts.map((draft) => [draft, null]));
  for (let end = drafts.length; end > 0; ) {
    let start = end - 1;
    while (start > 0 && components[start - 1] === components[end - 1]) start -= 1;
    const bounded = drafts
      .slice(start, end)
      .filter(({ identifierType, people }) => identifierType === 'integer' && people === null);
    end = start;
    const largest = await largestIds(
      database,
      bounded.map(({ source, identifierColumns }) => ({ table: source, column: identifierColumns!.source.name })),
    );
    bounded.forEach((draft, index) => {
      bounds.set(draft, largest[index] ?? emptyBound);
    });
  }
  return bounds;
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
    const where =
      bound === null ? '' : ` where ${columnText(quote, draft.identifierColumns!.source)} <= ${BigInt(bound)}`;
    return countAll(database, quote, draft.source, where);
  });
}

/** @throws DatabaseError */
export async function countAll(database: Database, quote: Quote, table: TableName, where = ''): Promise<number> {
  const [row] = await database.query(`select count(*) from ${tableText(quote, table)} ${mainTable}${where}`);
  return Number(row![0]);
}
