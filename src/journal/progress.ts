import type { Database, Queries } from '../database/port.ts';
import { integer, json, orNull, text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { PlannedEntity } from '../plan/plan.ts';

/** Where an entity stands in a run. `filling` is the second pass, for its deferred references. */
export type EntityState = 'waiting' | 'copying' | 'copied' | 'filling' | 'done';

/** Rows of one entity in one run. */
export interface Counts {
  /** Source rows looked at. */
  read: number;
  inserted: number;
  /** Rows that an earlier run had migrated. */
  known: number;
  /** Rows mapped to a destination row that was there before. */
  reused: number;
  /** Rows the spec leaves behind on purpose. */
  leftOut: number;
  /** References written as NULL because their target was not migrated. */
  nulled: number;
  setAside: number;
  /** References written as NULL at insert, to be filled in the second pass. */
  deferred: number;
}

export const noCounts: Readonly<Counts> = {
  read: 0,
  inserted: 0,
  known: 0,
  reused: 0,
  leftOut: 0,
  nulled: 0,
  setAside: 0,
  deferred: 0,
};

export interface EntityProgress extends Counts {
  entity: EntityKey;
  state: EntityState;
  /** Source id up to which rows are done; null before the first batch. */
  copiedUpTo: string | null;
  /** Source id up to which deferred references are filled. */
  filledUpTo: string | null;
  /** MAX(id) of the destination before the run's first row; null for an empty table or before the first batch. */
  destinationBefore: string | null;
  /** References filled in the second pass. */
  filled: number;
  started: number | null;
  finished: number | null;
  verification: Verification | null;
}

/** Outcome of the proof for one entity, in rows. */
export interface Verification {
  same: number;
  different: number;
  missing: number;
  extra: number;
}

const progressOf = sql`select entity, state, copied_up_to, filled_up_to, destination_before, rows_read as "read", inserted,
  known, reused, left_out, nulled, set_aside, deferred, filled, started_ms as started, finished_ms as finished, verification
  from caravel_entity`;

const progressShape = {
  entity: text,
  state: word<EntityState>(),
  copiedUpTo: orNull(text),
  filledUpTo: orNull(text),
  destinationBefore: orNull(text),
  read: integer,
  inserted: integer,
  known: integer,
  reused: integer,
  leftOut: integer,
  nulled: integer,
  setAside: integer,
  deferred: integer,
  filled: integer,
  started: orNull(integer),
  finished: orNull(integer),
  verification: orNull(json<Verification>()),
};

/**
 * Notes the entities a run will write, in the plan's order. Called again it changes nothing.
 * @param untouched entities of which there is nothing to do.
 */
export async function createProgress(
  journal: Database,
  runId: string,
  entities: PlannedEntity[],
  untouched: ReadonlySet<EntityKey> = new Set(),
): Promise<void> {
  await journal.transaction(async (transaction) => {
    const rows = await transaction.query(sql`select entity from caravel_entity where run_id = ${runId}`, {
      entity: text,
    });
    const present = new Set(rows.map(({ entity }) => entity));
    for (const entity of entities) {
      if (present.has(entity.key)) continue;
      const state: EntityState = untouched.has(entity.key) ? 'done' : 'waiting';
      await transaction.execute(
        sql`insert into caravel_entity (run_id, entity, ordinal, state, rows_read, inserted, known, reused, left_out,
            nulled, set_aside, deferred, filled)
          values (${runId}, ${entity.key}, ${entity.order}, ${state}, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
      );
    }
  });
}

/** All entities of a run, in the plan's order. */
export async function listProgress(journal: Queries, runId: string): Promise<EntityProgress[]> {
  return journal.query(sql`${progressOf} where run_id = ${runId} order by ordinal`, progressShape);
}

/** @throws Error when the run does not have the entity. */
export async function getProgress(journal: Queries, runId: string, entity: EntityKey): Promise<EntityProgress> {
  const [progress] = await journal.query(
    sql`${progressOf} where run_id = ${runId} and entity = ${entity}`,
    progressShape,
  );
  if (progress === undefined) throw new Error(`run '${runId}' has no entity '${entity}'`);
  return progress;
}

/** What a step of a run changes of an entity's progress. */
export interface ProgressChange {
  /** To be added. */
  counts?: Partial<Counts>;
  /** References filled, to be added. */
  filled?: number;
  copiedUpTo?: string | null;
  filledUpTo?: string | null;
  /** Counts once: the first value stays. */
  destinationBefore?: string | null;
  state?: EntityState;
}

/** Adds to the counts and moves the cursors, inside the transaction that closes a batch. */
export async function advanceProgress(
  queries: Queries,
  runId: string,
  entity: EntityKey,
  change: ProgressChange,
): Promise<void> {
  const counts = { ...noCounts, ...change.counts };
  const now = await queries.now();
  const sets = [
    sql`rows_read = rows_read + ${counts.read}`,
    sql`inserted = inserted + ${counts.inserted}`,
    sql`known = known + ${counts.known}`,
    sql`reused = reused + ${counts.reused}`,
    sql`left_out = left_out + ${counts.leftOut}`,
    sql`nulled = nulled + ${counts.nulled}`,
    sql`set_aside = set_aside + ${counts.setAside}`,
    sql`deferred = deferred + ${counts.deferred}`,
    sql`filled = filled + ${change.filled ?? 0}`,
    sql`started_ms = coalesce(started_ms, ${now})`,
    sql`finished_ms = ${now}`,
  ];
  const { copiedUpTo, filledUpTo, destinationBefore, state } = change;
  if (copiedUpTo !== undefined) sets.push(sql`copied_up_to = ${copiedUpTo}`);
  if (filledUpTo !== undefined) sets.push(sql`filled_up_to = ${filledUpTo}`);
  if (destinationBefore) sets.push(sql`destination_before = coalesce(destination_before, ${destinationBefore})`);
  if (state !== undefined) sets.push(sql`state = ${state}`);
  await queries.execute(
    sql`update caravel_entity set ${sql.list(sets)} where run_id = ${runId} and entity = ${entity}`,
  );
}

export async function saveVerification(
  journal: Queries,
  runId: string,
  entity: EntityKey,
  verification: Verification,
): Promise<void> {
  await journal.execute(
    sql`update caravel_entity set verification = ${JSON.stringify(verification)}
      where run_id = ${runId} and entity = ${entity}`,
  );
}
