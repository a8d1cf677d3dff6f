import type { Queries } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { bytes, integer, text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
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
  return queries.query(
    sql`select ordinal, run_id, coding, row_count as rows, content from caravel_segment
      where pair_id = ${pairId} and entity = ${entity} and ordinal >= ${fromOrdinal} order by ordinal`,
    { ordinal: integer, runId: text, coding: word<SegmentCoding>(), rows: integer, content: bytes },
  );
}

/** Ordinal that the entity's next segment will have. */
export async function nextOrdinal(queries: Queries, pairId: string, entity: EntityKey): Promise<number> {
  const { next } = await queryOne(
    queries,
    sql`select coalesce(max(ordinal) + 1, 0) as "next" from caravel_segment
      where pair_id = ${pairId} and entity = ${entity}`,
    { next: integer },
  );
  return next;
}

/** @throws DatabaseError `duplicate` when the ordinal is taken: somebody else wrote this batch. */
export async function insertSegment(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  segment: Segment,
): Promise<void> {
  const { ordinal, runId, coding, rows, content } = segment;
  await queries.execute(
    sql`insert into caravel_segment (pair_id, entity, ordinal, run_id, coding, row_count, content)
      values (${pairId}, ${entity}, ${ordinal}, ${runId}, ${coding}, ${rows}, ${content})`,
  );
}

export async function removeSegment(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  ordinal: number,
): Promise<void> {
  await queries.execute(
    sql`delete from caravel_segment where pair_id = ${pairId} and entity = ${entity} and ordinal = ${ordinal}`,
  );
}

/** Replaces a matched entity's whole map: its rows are not written by Caravel, the newest matching wins. */
export async function replaceSegments(
  queries: Queries,
  pairId: string,
  entity: EntityKey,
  segment: Segment,
): Promise<void> {
  await queries.execute(sql`delete from caravel_segment where pair_id = ${pairId} and entity = ${entity}`);
  await insertSegment(queries, pairId, entity, segment);
}

/** Keys of the entities that the pair has a map of. */
export async function mappedEntities(queries: Queries, pairId: string): Promise<EntityKey[]> {
  const rows = await queries.query(
    sql`select distinct entity from caravel_segment where pair_id = ${pairId} order by entity`,
    { entity: text },
  );
  return rows.map(({ entity }) => entity);
}
