import type { Database, Row, RowRead } from '../database/port.ts';
import type { KeyedEntity } from '../plan/plan.ts';

/** Rows that a range read may give for each one wanted, before it is cheaper to ask for each one. */
const widestSpread = 2n;

/** Rows that are asked for by their identifiers. */
export interface RowsOfIds {
  /** The identifier first. */
  columns: string[];
  /** In any order. */
  ids: string[];
  batch: RowRead['batch'];
}

/**
 * Reads rows of the destination by identifier: as one range of the key where the ids lie close together, which also
 * gives rows nobody asked for.
 */
export async function* rowsByIds(
  destination: Database,
  entity: KeyedEntity,
  { columns, ids, batch }: RowsOfIds,
): AsyncGenerator<Row[]> {
  if (ids.length === 0) return;
  const { schema, table, identifier } = entity.destination;
  const read = { table: { schema, name: table }, columns, key: identifier, batch };
  const range = entity.identifierType === 'integer' ? rangeOf(ids, batch) : null;
  yield* destination.readRows(range === null ? { ...read, keys: [...new Set(ids)] } : { ...read, ...range });
}

/** Null where the ids lie too far apart. */
function rangeOf(
  ids: string[],
  { bytes }: RowRead['batch'],
): { after: string; upTo: string; batch: RowRead['batch'] } | null {
  const [first] = ids;
  if (first === undefined) return null;
  let lowest = BigInt(first);
  let highest = lowest;
  for (const text of ids) {
    const id = BigInt(text);
    if (id < lowest) lowest = id;
    else if (id > highest) highest = id;
  }
  const spread = highest - lowest + 1n;
  if (spread > widestSpread * BigInt(ids.length)) return null;
  // -2^63 has nothing below it.
  if (lowest === -(2n ** 63n)) return null;
  // One more than can come: the adapter knows from a short page that there is no next one.
  return { after: String(lowest - 1n), upTo: String(highest), batch: { rows: Number(spread) + 1, bytes } };
}
