import type { Database } from '../database/port.ts';
import type { Plan, WrittenEntity } from '../plan/plan.ts';

/** What a proof needs to know of its run. Nothing is written to any of the three databases. */
export interface VerifyContext {
  source: Database;
  destination: Database;
  journal: Database;
  pairId: string;
  runId: string;
  plan: Plan;
  /** Bounds of one page of source rows. */
  batch: { rows: number; bytes: number };
  /** content: every column of every row; counts: only whether the rows are there. */
  mode: 'content' | 'counts';
  /**
   * Every row that lies above the destination's rows from before the run and belongs to no map is extra, with no upper
   * end: for the run itself, whose last batch may have gone in twice. Left out, rows above the run's last one are
   * nobody's business: applications go on writing after a run.
   */
  openEnd?: boolean;
}

/** How the caller stops a proof and follows it. */
export interface VerifyControl {
  /** Aborted: stop before the next page. */
  signal: AbortSignal;
  /** Called after each page with the source rows it held. */
  onBatch(rows: number): void;
}

/** The proof of one entity. */
export interface EntityProof<Entity extends WrittenEntity = WrittenEntity> {
  context: VerifyContext;
  entity: Entity;
  control: VerifyControl;
}
