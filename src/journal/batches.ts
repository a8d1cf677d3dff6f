import type { Database, Queries } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { bigInteger, bytes, integer, json, orNull, text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { NewIssue } from './issues.ts';
import type { Counts, EntityState } from './progress.ts';
import { nextOrdinal, type SegmentCoding } from './segments.ts';

/**
 * A batch written down before it is written to the destination (docs/architecture.md, "The batch protocol"). It stands
 * on its own: whether it went in can be decided from it and the destination alone.
 */
export interface Intent {
  ordinal: number;
  runId: string;
  rows: number;
  /**
   * minted ids: MAX(id) of the destination; rows without identifier: COUNT(*) of it. Null: the table was empty, or
   * the entity keeps its ids.
   */
  mark: bigint | null;
  /** Packed source ids, in the order of the rows (src/identity/idList.ts). */
  sourceIds: Uint8Array;
  /** Packed destination ids of entities that keep or translate theirs; null where the destination mints them. */
  destinationIds: Uint8Array | null;
  /** 8 bytes a row. */
  fingerprints: Uint8Array;
  tally: Tally;
}

/**
 * What closing the batch adds to the run's record; kept with the intent, because another attempt may have to close the
 * batch.
 */
export interface Tally {
  counts: Partial<Counts>;
  /** Source id up to which the batch covers the entity. */
  copiedUpTo: string | null;
  destinationBefore?: string | null;
  issues?: NewIssue[];
  /** Rows of the batch that the destination had already: [source id, destination id]. */
  reused?: [string, string][];
  /** Rows of the batch that become the row inserted for another one of it: [source id, source id of that one]. */
  repeated?: [string, string][];
}

/** An entity of a run: its id map belongs to the pair, its progress to the run. */
export interface EntityInRun {
  pairId: string;
  runId: string;
  entity: EntityKey;
}

/** The journal's view of an entity, read under the destination's lock: decides what the next batch may be. */
export interface EntityPosition {
  ordinal: number;
  copiedUpTo: string | null;
  state: EntityState;
  intent: Intent | null;
}

const intentShape = {
  ordinal: integer,
  runId: text,
  rows: integer,
  mark: orNull(bigInteger),
  sourceIds: bytes,
  destinationIds: orNull(bytes),
  fingerprints: bytes,
  tally: json<Tally>(),
};

export async function readPosition(journal: Queries, { pairId, runId, entity }: EntityInRun): Promise<EntityPosition> {
  const [intent] = await journal.query(
    sql`select ordinal, run_id, row_count as rows, mark, source_ids, destination_ids, fingerprints, tally
      from caravel_intent where pair_id = ${pairId} and entity = ${entity}`,
    intentShape,
  );
  const progress = await queryOne(
    journal,
    sql`select copied_up_to, state from caravel_entity where run_id = ${runId} and entity = ${entity}`,
    { copiedUpTo: orNull(text), state: word<EntityState>() },
  );
  return { ordinal: await nextOrdinal(journal, pairId, entity), ...progress, intent: intent ?? null };
}

/** Writes an intent down; the entity must have none. */
export async function insertIntent(queries: Queries, { pairId, entity }: EntityInRun, intent: Intent): Promise<void> {
  const { ordinal, runId, rows, mark, sourceIds, destinationIds, fingerprints } = intent;
  const tally = JSON.stringify(intent.tally);
  await queries.execute(
    sql`insert into caravel_intent
        (pair_id, entity, ordinal, run_id, row_count, mark, source_ids, destination_ids, fingerprints, tally)
      values (${pairId}, ${entity}, ${ordinal}, ${runId}, ${rows}, ${mark}, ${sourceIds}, ${destinationIds},
        ${fingerprints}, ${tally})`,
  );
}

/**
 * Takes the entity's intent away.
 * @param ordinal only an intent of this one; any when left out.
 * @returns whether there was one.
 */
export async function forgetIntent(
  queries: Queries,
  { pairId, entity }: EntityInRun,
  ordinal?: number,
): Promise<boolean> {
  const only = ordinal === undefined ? sql`` : sql` and ordinal = ${ordinal}`;
  const forgotten = await queries.execute(
    sql`delete from caravel_intent where pair_id = ${pairId} and entity = ${entity}${only}`,
  );
  return forgotten > 0;
}

/**
 * Gives back the space of closed intents. PostgreSQL keeps what was deleted until it is vacuumed, and a large entity
 * writes 10 bytes a row of intents, ten times its id map; SQL Server reuses the space by itself.
 */
export async function reclaimIntents(journal: Database): Promise<void> {
  await journal.reclaim('caravel_intent');
}

/** Somebody else closed this batch meanwhile: what the caller holds is stale. */
export class BatchClosedError extends Error {
  constructor(entity: EntityKey, ordinal: number) {
    super(`batch ${ordinal} of '${entity}' was closed by another worker`);
    this.name = 'BatchClosedError';
  }
}

/** A batch that is over: what it adds to the map and to the run's record. */
export interface ClosedBatch {
  ordinal: number;
  /** Cursor of the run before the batch: guards a batch without intent against being counted twice. */
  from: string | null;
  /** The batch was written down before; else it had nothing to insert. */
  hadIntent: boolean;
  segments: { coding: SegmentCoding; rows: number; content: Uint8Array }[];
  tally: Tally;
  /** Run whose record the counts belong to: of an intent left by an earlier run, that run. */
  runId: string;
}
