import type { Database } from '../../database/port.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import type { BoundedDraft, KeyedDraft, OrderedDraft } from '../drafting/draft.ts';
import { largestIds } from '../questions/counts.ts';

/** Upper bound of an empty table's identifiers: rows that come later belong to the next run. */
const emptyBound = '0';

/**
 * Largest source id of each copied draft with integer identifiers, null for the others: children before the entities
 * they refer to, so that a row that a live source adds meanwhile cannot dangle (docs/architecture.md, "One graph"). The
 * entities of a component are read by one statement, since none of them comes first.
 * @param earlier bounds as an earlier plan had them, which hold where there are any. @throws DatabaseError
 */
export async function readBounds(
  database: Database,
  drafts: readonly OrderedDraft[],
  earlier: ReadonlyMap<EntityKey, string> = new Map(),
): Promise<BoundedDraft[]> {
  const largest = new Map<EntityKey, string>();
  for (const component of componentsOf(drafts).reverse()) {
    for (const [key, id] of await largestOf(database, component.flatMap(boundedDraft))) largest.set(key, id);
  }
  return drafts.map(({ draft, component }) => {
    const bound = largest.get(draft.pair.key);
    return { draft, component, bound: bound === undefined ? null : (earlier.get(draft.pair.key) ?? bound) };
  });
}

/** Drafts of one component each, in the order given. */
function componentsOf(drafts: readonly OrderedDraft[]): OrderedDraft[][] {
  return [...groupBy(drafts, ({ component }) => String(component)).values()];
}

const boundedDraft = ({ draft }: OrderedDraft): KeyedDraft[] =>
  draft.identifierType === 'integer' && draft.people === null ? [draft] : [];

/** As one statement sees them. */
async function largestOf(database: Database, drafts: readonly KeyedDraft[]): Promise<[EntityKey, string][]> {
  const ids = await largestIds(
    database,
    drafts.map(({ source, identifierColumns }) => ({ table: source, column: identifierColumns.source.name })),
  );
  return drafts.map(({ pair }, index) => [pair.key, ids[index] ?? emptyBound]);
}
