import type { Database, TableName } from '../database/port.ts';
import type { Connected } from './connectDrafts.ts';
import type { Draft } from './draft.ts';
import { inParallel } from './parallel.ts';
import { columnText, mainTable, type Quote, tableText } from './statements.ts';

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
  quote: Quote,
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
    for (let first = 0; first < bounded.length; first += boundsAtOnce) {
      const chunk = bounded.slice(first, first + boundsAtOnce);
      const parts = chunk.map(
        ({ source, identifierColumns }) =>
          `(select max(${columnText(quote, identifierColumns!.source)}) from ${tableText(quote, source)} ${mainTable})`,
      );
      const [row] = await database.query(`select ${parts.join(', ')}`);
      chunk.forEach((draft, index) => {
        const largest = row![index];
        bounds.set(draft, largest === null || largest === undefined ? emptyBound : String(largest));
      });
    }
  }
  return bounds;
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
