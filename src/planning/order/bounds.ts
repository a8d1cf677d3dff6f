import type { Database } from '../../database/port.ts';
import type { Draft, KeyedDraft } from '../drafting/draft.ts';
import { largestIds } from '../questions/counts.ts';
import type { Connected } from './connectDrafts.ts';

/** Upper bound of an empty table's identifiers: rows that come later belong to the next run. */
const emptyBound = '0';

/**
 * Largest source id of each copied draft with integer identifiers, null for the others: children before the entities they
 * refer to, so that a row that a live source adds meanwhile cannot dangle (docs/architecture.md, "The batch protocol"). The entities of
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
      .filter((draft): draft is KeyedDraft => draft.identifierType === 'integer' && draft.people === null);
    end = start;
    const largest = await largestIds(
      database,
      bounded.map(({ source, identifierColumns }) => ({ table: source, column: identifierColumns.source.name })),
    );
    bounded.forEach((draft, index) => {
      bounds.set(draft, largest[index] ?? emptyBound);
    });
  }
  return bounds;
}
