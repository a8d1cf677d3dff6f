import type { Database, Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { insertIssues, type NewIssue } from './issues.ts';
import { type Lease, renewLease } from './lease.ts';
import { advanceProgress, type Counts, type EntityState } from './progress.ts';
import type { Control } from './runs.ts';
import { insertSegment, nextOrdinal, type SegmentCoding } from './segments.ts';

/**
 * A batch written down before it is written to the destination (docs/architecture.md, "The batch protocol"). It stands on its own:
 * whether it went in can be decided from it and the destination alone.
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

/** What closing the batch adds to the run's record; kept with the intent, because a reconciled batch is closed by a stranger. */
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

/** The journal's view of an entity, read under the destination's lock: decides what the next batch may be. */
export interface EntityPosition {
  ordinal: number;
  copiedUpTo: string | null;
  state: EntityState;
  intent: Intent | null;
}

export async function readPosition(
  journal: Queries,
  pairId: string,
  runId: string,
  entity: EntityKey,
): Promise<EntityPosition> {
  const intents = await journal.query(
    `select ordinal, run_id, row_count, mark, source_ids, destination_ids, fingerprints, tally
     from caravel_intent where pair_id = ? and entity = ?`,
    [pairId, entity],
  );
  const progress = await journal.query(
    'select copied_up_to, state from caravel_entity where run_id = ? and entity = ?',
    [runId, entity],
  );
  const [ordinal, intentRun, rows, mark, sourceIds, destinationIds, fingerprints, tally] = intents[0] ?? [];
  return {
    ordinal: await nextOrdinal(journal, pairId, entity),
    copiedUpTo: (progress[0]?.[0] as string | null) ?? null,
    state: progress[0]?.[1] as EntityState,
    intent:
      intents.length === 0
        ? null
        : {
            ordinal: Number(ordinal),
            runId: String(intentRun),
            rows: Number(rows),
            mark: mark === null ? null : BigInt(mark as string),
            sourceIds: sourceIds as Uint8Array,
            destinationIds: destinationIds as Uint8Array | null,
            fingerprints: fingerprints as Uint8Array,
            tally: JSON.parse(tally as string),
          },
  };
}

/**
 * Writes an intent down, in place of an earlier one that is known not to have gone in.
 * @throws LeaseLostError
 */
export async function openIntent(
  journal: Database,
  lease: Lease,
  pairId: string,
  entity: EntityKey,
  intent: Intent,
): Promise<void> {
  await journal.transaction(async (transaction) => {
    await renewLease(transaction, lease);
    await transaction.execute('delete from caravel_intent where pair_id = ? and entity = ?', [pairId, entity]);
    await transaction.execute(
      `insert into caravel_intent (pair_id, entity, ordinal, run_id, row_count, mark, source_ids, destination_ids,
         fingerprints, tally) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        pairId,
        entity,
        intent.ordinal,
        intent.runId,
        intent.rows,
        intent.mark,
        intent.sourceIds,
        intent.destinationIds,
        intent.fingerprints,
        JSON.stringify(intent.tally),
      ],
    );
  });
}

/**
 * Forgets an intent that is known, under the entity's lock, not to have gone in.
 * @throws LeaseLostError
 */
export async function discardIntent(
  journal: Database,
  lease: Lease,
  pairId: string,
  entity: EntityKey,
  ordinal: number,
): Promise<void> {
  await journal.transaction(async (transaction) => {
    await renewLease(transaction, lease);
    await transaction.execute('delete from caravel_intent where pair_id = ? and entity = ? and ordinal = ?', [
      pairId,
      entity,
      ordinal,
    ]);
  });
}

/**
 * Gives back the space of closed intents. PostgreSQL keeps what was deleted until it is vacuumed, and a large entity
 * writes 10 bytes a row of intents, ten times its id map; SQL Server reuses the space by itself.
 */
export async function reclaimIntents(journal: Database): Promise<void> {
  if (journal.engine === 'postgres') await journal.execute('vacuum caravel_intent');
}

/** Somebody else closed this batch meanwhile: what the caller holds is stale. */
export class BatchClosedError extends Error {
  constructor(entity: EntityKey, ordinal: number) {
    super(`batch ${ordinal} of '${entity}' was closed by another worker`);
    this.name = 'BatchClosedError';
  }
}

/**
 * Closes a batch: the segment, the counts, the issues, and the intent gone, all in one journal transaction.
 * Without an intent (a batch with nothing to insert) `intent` is null and the position must still be `ordinal`.
 * @returns what the operator wants next.
 * @throws BatchClosedError, LeaseLostError
 */
export async function closeBatch(
  journal: Database,
  lease: Lease,
  pairId: string,
  entity: EntityKey,
  batch: {
    ordinal: number;
    /** Cursor of the run before the batch: guards a batch without intent against being counted twice. */
    from: string | null;
    /** The batch was written down before; else it had nothing to insert. */
    hadIntent: boolean;
    segments: { coding: SegmentCoding; rows: number; content: Uint8Array }[];
    tally: Tally;
    /** Run whose record the counts belong to: of an intent left by an earlier run, that run. */
    runId: string;
    state?: EntityState;
  },
): Promise<Control> {
  return journal.transaction(async (transaction) => {
    await renewLease(transaction, lease);
    if (batch.hadIntent) {
      const closed = await transaction.execute(
        'delete from caravel_intent where pair_id = ? and entity = ? and ordinal = ?',
        [pairId, entity, batch.ordinal],
      );
      if (closed !== 1) throw new BatchClosedError(entity, batch.ordinal);
    } else {
      const position = await readPosition(transaction, pairId, batch.runId, entity);
      if (position.ordinal !== batch.ordinal || position.copiedUpTo !== batch.from) {
        throw new BatchClosedError(entity, batch.ordinal);
      }
    }
    // A map may have been matched anew since the intent was written.
    let ordinal = batch.hadIntent ? await nextOrdinal(transaction, pairId, entity) : batch.ordinal;
    for (const segment of batch.segments) {
      await insertSegment(transaction, pairId, entity, { ordinal, runId: batch.runId, ...segment });
      ordinal += 1;
    }
    const { counts, copiedUpTo, destinationBefore, issues } = batch.tally;
    await advanceProgress(transaction, batch.runId, entity, {
      counts,
      copiedUpTo,
      ...(destinationBefore === undefined ? {} : { destinationBefore }),
      ...(batch.state === undefined ? {} : { state: batch.state }),
    });
    if (issues && issues.length > 0) await insertIssues(transaction, batch.runId, entity, issues);
    const rows = await transaction.query('select control from caravel_run where id = ?', [lease.runId]);
    return rows[0]?.[0] as Control;
  });
}
