import type { Database, Row } from '../database/port.ts';
import type { KeyedEntity } from '../plan/plan.ts';

/** Rows that a range read may give for each one wanted, before it is cheaper to ask for each one. */
const widestSpread = 2n;

/**
 * Reads rows of the destination by identifier, the ids in any order: as one range of the key where they lie close
 * together, which also gives rows nobody asked for.
 * @param columns the identifier first.
 */
export async function* rowsByIds(
  destination: Database,
  entity: KeyedEntity,
  columns: string[],
  ids: string[],
  batch: { rows: number; bytes: number },
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
  { bytes }: { bytes: number },
): { after: string; upTo: string; batch: { rows: number; bytes: number } } | null {
  let lowest = BigInt(ids[0]!);
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
