import type { Database, Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { PlannedEntity } from '../plan/plan.ts';
import { journalNow } from './clock.ts';
import { type Lease, renewLease } from './lease.ts';

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

const columns = `entity, state, copied_up_to, filled_up_to, destination_before, rows_read, inserted, known, reused,
  left_out, nulled, set_aside, deferred, filled, started_ms, finished_ms, verification`;

function toProgress(row: unknown[]): EntityProgress {
  const cells = row as (string | null)[];
  const count = (index: number) => Number(cells[index] ?? 0);
  const time = (index: number) => (cells[index] == null ? null : Number(cells[index]));
  return {
    entity: cells[0]!,
    state: cells[1] as EntityState,
    copiedUpTo: cells[2] ?? null,
    filledUpTo: cells[3] ?? null,
    destinationBefore: cells[4] ?? null,
    read: count(5),
    inserted: count(6),
    known: count(7),
    reused: count(8),
    leftOut: count(9),
    nulled: count(10),
    setAside: count(11),
    deferred: count(12),
    filled: count(13),
    started: time(14),
    finished: time(15),
    verification: cells[16] ? JSON.parse(cells[16]) : null,
  };
}

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
    const rows = await transaction.query('select entity from caravel_entity where run_id = ?', [runId]);
    const present = new Set(rows.map((row) => row[0]));
    for (const entity of entities) {
      if (present.has(entity.key)) continue;
      await transaction.execute(
        `insert into caravel_entity (run_id, entity, ordinal, state, rows_read, inserted, known, reused, left_out, nulled,
           set_aside, deferred, filled) values (?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
        [runId, entity.key, entity.order, untouched.has(entity.key) ? 'done' : 'waiting'],
      );
    }
  });
}

/** All entities of a run, in the plan's order. */
export async function listProgress(journal: Queries, runId: string): Promise<EntityProgress[]> {
  const rows = await journal.query(`select ${columns} from caravel_entity where run_id = ? order by ordinal`, [runId]);
  return rows.map(toProgress);
}

/** @throws Error when the run does not have the entity. */
export async function getProgress(journal: Queries, runId: string, entity: EntityKey): Promise<EntityProgress> {
  const rows = await journal.query(`select ${columns} from caravel_entity where run_id = ? and entity = ?`, [
    runId,
    entity,
  ]);
  if (rows.length === 0) throw new Error(`run '${runId}' has no entity '${entity}'`);
  return toProgress(rows[0]!);
}

/** Adds to the counts and moves the cursors, inside the transaction that closes a batch. */
export async function advanceProgress(
  queries: Queries,
  runId: string,
  entity: EntityKey,
  change: {
    counts?: Partial<Counts>;
    filled?: number;
    copiedUpTo?: string | null;
    filledUpTo?: string | null;
    destinationBefore?: string | null;
    state?: EntityState;
  },
): Promise<void> {
  const counts = { ...noCounts, ...change.counts };
  const now = await journalNow(queries);
  const sets = [
    'rows_read = rows_read + ?',
    'inserted = inserted + ?',
    'known = known + ?',
    'reused = reused + ?',
    'left_out = left_out + ?',
    'nulled = nulled + ?',
    'set_aside = set_aside + ?',
    'deferred = deferred + ?',
    'filled = filled + ?',
    'started_ms = coalesce(started_ms, ?)',
    'finished_ms = ?',
  ];
  const parameters: (string | number | null)[] = [
    counts.read,
    counts.inserted,
    counts.known,
    counts.reused,
    counts.leftOut,
    counts.nulled,
    counts.setAside,
    counts.deferred,
    change.filled ?? 0,
    now,
    now,
  ];
  const set = (column: string, value: string | null) => {
    sets.push(`${column} = ?`);
    parameters.push(value);
  };
  if (change.copiedUpTo !== undefined) set('copied_up_to', change.copiedUpTo);
  if (change.filledUpTo !== undefined) set('filled_up_to', change.filledUpTo);
  if (change.destinationBefore) {
    sets.push('destination_before = coalesce(destination_before, ?)');
    parameters.push(change.destinationBefore);
  }
  if (change.state !== undefined) set('state', change.state);
  await queries.execute(`update caravel_entity set ${sets.join(', ')} where run_id = ? and entity = ?`, [
    ...parameters,
    runId,
    entity,
  ]);
}

/** Moves an entity to another state, under the run's lease. */
export async function setEntityState(
  journal: Database,
  lease: Lease,
  entity: EntityKey,
  state: EntityState,
): Promise<void> {
  await journal.transaction(async (transaction) => {
    await renewLease(transaction, lease);
    await advanceProgress(transaction, lease.runId, entity, { state });
  });
}

export async function saveVerification(
  journal: Queries,
  runId: string,
  entity: EntityKey,
  verification: Verification,
): Promise<void> {
  await journal.execute('update caravel_entity set verification = ? where run_id = ? and entity = ?', [
    JSON.stringify(verification),
    runId,
    entity,
  ]);
}
