import type { Database, TableName } from '../database/port.ts';
import type { EntityJournal, RunJournal } from '../journal/runJournal.ts';
import type { Plan, WrittenEntity } from '../plan/plan.ts';

/** What every step of the copy needs to know of its run. */
export interface CopyContext {
  source: Database;
  destination: Database;
  journal: RunJournal;
  plan: Plan;
  /** Largest batch. */
  batch: { rows: number; bytes: number };
  conflicts: 'fail' | 'reuse';
  rowErrors: 'fail' | 'setAside';
}

/** How the caller steers a copy and follows it. */
export interface CopyControl {
  /** Aborted: stop before the next batch. */
  signal: AbortSignal;
  /** Return after the batch during which this moment (ms since 1970) has passed. */
  deadline: number;
  /** Called after each batch with the source rows it covered. */
  onBatch(rows: number): void;
  /** Called while somebody else holds the entity's lock. */
  onWaiting(message: string): void;
}

/** How one waits for a lock of the destination. */
export type LockControl = Pick<CopyControl, 'signal' | 'onWaiting'>;

/** Why a copy returned: the entity is complete, the operator paused the run, or its time was up. */
export type CopyOutcome = 'done' | 'paused' | 'timeUp';

/** One attempt's work on one entity. */
export interface EntityWork<E extends WrittenEntity = WrittenEntity> {
  context: CopyContext;
  entity: E;
  /** The entity in the run's journal. */
  journal: EntityJournal;
  control: CopyControl;
}

export const destinationTable = ({ destination }: WrittenEntity): TableName => ({
  schema: destination.schema,
  name: destination.table,
});

export const sourceTable = ({ source }: WrittenEntity): TableName => ({ schema: source.schema, name: source.table });
