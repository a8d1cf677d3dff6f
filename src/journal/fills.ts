import type { Database, Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { BatchClosedError } from './batches.ts';
import { insertIssues, type NewIssue } from './issues.ts';
import { type Lease, renewLease } from './lease.ts';
import { advanceProgress } from './progress.ts';
import type { Control } from './runs.ts';

/** Runs whose rows of this entity may still wait for deferred references: this one, and those that ended before filling. */
export async function unfinishedRuns(
  journal: Queries,
  pairId: string,
  runId: string,
  entity: EntityKey,
): Promise<Set<string>> {
  const rows = await journal.query(
    `select r.id from caravel_run r join caravel_entity e on e.run_id = r.id
     where r.pair_id = ? and e.entity = ? and e.deferred > 0 and (e.state <> 'done' or r.id = ?)`,
    [pairId, entity, runId],
  );
  return new Set(rows.map((row) => String(row[0])));
}

/**
 * Moves the second pass on by one batch.
 * @returns what the operator wants next.
 * @throws BatchClosedError when another worker closed it; LeaseLostError
 */
export async function closeFill(
  journal: Database,
  lease: Lease,
  entity: EntityKey,
  batch: { from: string | null; upTo: string; filled: number; nulled: number; issues: NewIssue[] },
): Promise<Control> {
  return journal.transaction(async (transaction) => {
    await renewLease(transaction, lease);
    const rows = await transaction.query(
      `select e.filled_up_to, r.control from caravel_entity e join caravel_run r on r.id = e.run_id
       where e.run_id = ? and e.entity = ?`,
      [lease.runId, entity],
    );
    if ((rows[0]?.[0] ?? null) !== batch.from) throw new BatchClosedError(entity, 0);
    await advanceProgress(transaction, lease.runId, entity, {
      filledUpTo: batch.upTo,
      filled: batch.filled,
      counts: { nulled: batch.nulled + batch.issues.length },
    });
    await insertIssues(transaction, lease.runId, entity, batch.issues);
    return rows[0]![1] as Control;
  });
}
