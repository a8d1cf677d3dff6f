import type { Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/**
 * What a segment holds: `pairs` of integer ids or `texts` (src/identity/segment.ts) of rows that Caravel wrote;
 * `reusedPairs` and `reusedTexts` of rows that stood in the destination before, to which nothing is ever written;
 * `rows`: fingerprints of source rows that have no identifier.
 */
export type SegmentCoding = 'pairs' | 'texts' | 'reusedPairs' | 'reusedTexts' | 'rows';

/** One committed batch of an entity's id map. */
export interface Segment {
  ordinal: number;
  runId: string;
  coding: SegmentCoding;
  rows: number;
  content: Uint8Array;
}

/** Segments of an entity from `fromOrdinal` on, in order. Content is ~1–2 bytes per row. */
export async function readSegments(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  fromOrdinal = 0,
): Promise<Segment[]> {
  const rows = await queries.query(
    `select ordinal, run_id, coding, row_count, content from caravel_segment
     where pair_id = ? and entity = ? and ordinal >= ? order by ordinal`,
    [pairId, entity, fromOrdinal],
  );
  return rows.map(([ordinal, runId, coding, count, content]) => ({
    ordinal: Number(ordinal),
    runId: String(runId),
    coding: coding as SegmentCoding,
    rows: Number(count),
    content: content as Uint8Array,
  }));
}

/** Ordinal that the entity's next segment will have. */
export async function nextOrdinal(queries: Queries, pairId: string, entity: EntityKey): Promise<number> {
  const rows = await queries.query(
    'select coalesce(max(ordinal) + 1, 0) from caravel_segment where pair_id = ? and entity = ?',
    [pairId, entity],
  );
  return Number(rows[0]![0]);
}

/** @throws DatabaseError `duplicate` when the ordinal is taken: somebody else wrote this batch. */
export async function insertSegment(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  segment: Segment,
): Promise<void> {
  await queries.execute(
    `insert into caravel_segment (pair_id, entity, ordinal, run_id, coding, row_count, content)
     values (?, ?, ?, ?, ?, ?, ?)`,
    [pairId, entity, segment.ordinal, segment.runId, segment.coding, segment.rows, segment.content],
  );
}

export async function removeSegment(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  ordinal: number,
): Promise<void> {
  await queries.execute('delete from caravel_segment where pair_id = ? and entity = ? and ordinal = ?', [
    pairId,
    entity,
    ordinal,
  ]);
}

/** Replaces a matched entity's whole map: its rows are not written by Caravel, the newest matching wins. */
export async function replaceSegments(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  segment: Segment,
): Promise<void> {
  await queries.execute('delete from caravel_segment where pair_id = ? and entity = ?', [pairId, entity]);
  await insertSegment(queries, pairId, entity, segment);
}

/** Keys of the entities that the pair has a map of. */
export async function mappedEntities(queries: Queries, pairId: string): Promise<EntityKey[]> {
  const rows = await queries.query('select distinct entity from caravel_segment where pair_id = ? order by entity', [
    pairId,
  ]);
  return rows.map((row) => String(row[0]));
}
