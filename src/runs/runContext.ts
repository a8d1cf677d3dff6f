import { leaseOf } from '../journal/lease.ts';
import { RunJournal } from '../journal/runJournal.ts';
import { getRun, loadPlan, type RunPhase, updateRun } from '../journal/runs.ts';
import { isWritten, type Plan, type WrittenEntity } from '../plan/plan.ts';
import type { CopyContext } from '../writing/context.ts';
import type { Connections } from './connections.ts';

const batchBytes = 8 * 1024 * 1024;

/** What the steps of runs need to know of them, over the databases that a worker holds open. */
export class RunContexts {
  readonly connections: Connections;
  /** A plan does not change once it was made, and one of 2,000 entities is 6 MB to read. */
  #latest: { run: string; plan: Plan } | null = null;

  constructor(connections: Connections) {
    this.connections = connections;
  }

  async planOf(run: string): Promise<Plan> {
    if (this.#latest?.run !== run) this.#latest = { run, plan: await loadPlan(this.connections.journal, run) };
    return this.#latest.plan;
  }

  /**
   * @param phase that the run enters; null: it stays where it is.
   * @throws UnknownRunError, LeaseLostError, DatabaseError
   */
  async of(runId: string, phase: RunPhase | null): Promise<CopyContext> {
    const { journal } = this.connections;
    const run = await getRun(journal, runId);
    if (phase !== null && run.phase !== phase) await updateRun(journal, runId, { phase });
    return {
      source: this.connections.source(run.source),
      destination: this.connections.destination(run.destination),
      journal: new RunJournal(journal, { lease: await leaseOf(journal, run.destination, runId), pairId: run.pairId }),
      plan: await this.planOf(runId),
      batch: { rows: run.spec.batchRows, bytes: batchBytes },
      conflicts: run.spec.conflicts,
      rowErrors: run.spec.rowErrors,
    };
  }
}

/** @throws Error where the run does not write such an entity. */
export function writtenEntity({ plan, journal }: CopyContext, key: string): WrittenEntity {
  const entity = plan.entities.find((one) => one.key === key);
  if (entity === undefined || !isWritten(entity))
    throw new Error(`run '${journal.runId}' does not write the entity ${key}`);
  return entity;
}
