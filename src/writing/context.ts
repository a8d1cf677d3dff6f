import type { Database, TableName } from '../database/port.ts';
import type { Lease } from '../journal/lease.ts';
import type { Plan, WrittenEntity } from '../plan/plan.ts';

/** What every step of the copy needs to know of its run. */
export interface CopyContext {
  source: Database;
  destination: Database;
  journal: Database;
  lease: Lease;
  pairId: string;
  runId: string;
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

/** Why a copy returned: the entity is complete, the operator paused the run, or its time was up. */
export type CopyOutcome = 'done' | 'paused' | 'timeUp';

export const destinationTable = ({ destination }: WrittenEntity): TableName => ({
  schema: destination.schema,
  name: destination.table,
});
