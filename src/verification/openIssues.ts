import { orNull, text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import type { VerifyContext } from './context.ts';

/** Rows of one entity that the journal says were set aside and still are. */
export interface OpenIssues {
  /**
   * Source ids of this run's issues: rows that may be absent. Of rows an earlier run set aside, this run has its own.
   */
  ofRun: Set<string>;
  /** Source ids of all runs' issues: rows that may lack a reference, for no later run fills it. */
  ofPair: Set<string>;
  /** This run's issues of rows without identifier. */
  withoutId: number;
}

export async function readOpenIssues(context: VerifyContext, entity: WrittenEntity): Promise<OpenIssues> {
  const rows = await context.journal.query(
    sql`select i.source_id, i.run_id from caravel_issue i join caravel_run r on r.id = i.run_id
      where r.pair_id = ${context.pairId} and i.entity = ${entity.key} and i.state = 'open'`,
    { sourceId: orNull(text), runId: text },
  );
  const issues: OpenIssues = { ofRun: new Set(), ofPair: new Set(), withoutId: 0 };
  for (const { sourceId, runId } of rows) {
    const ofRun = runId === context.runId;
    if (sourceId !== null) {
      issues.ofPair.add(sourceId);
      if (ofRun) issues.ofRun.add(sourceId);
    } else if (ofRun) issues.withoutId += 1;
  }
  return issues;
}
