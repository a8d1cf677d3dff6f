import { ApplicationFailure } from '@temporalio/activity';
import type { MigrationSpec } from '../src/config/migrationSpec.ts';
import type { Database } from '../src/database/port.ts';
import { issuesRun } from '../src/journal/runs.ts';

/**
 * How a run is repeated for the rows that it set aside: as it was, but nothing is deleted, and nobody overwritten or deleted, a second
 * time; and whoever asks for it has approved it.
 * @param id of the run, or of an earlier retry of it.
 * @throws UnknownRunError; ApplicationFailure `Refused` while the run goes on
 */
export async function specOfRetry(journal: Database, id: string): Promise<{ spec: MigrationSpec; retryOf: string }> {
  const run = await issuesRun(journal, id);
  if (run.finished === null) {
    throw ApplicationFailure.nonRetryable(
      `run '${run.id}' has not ended; wait for it, or end it with 'caravel cancel ${run.id}'`,
      'Refused',
    );
  }
  const users = run.spec.users === 'match' ? 'match' : 'create';
  return {
    spec: { ...run.spec, destinationData: 'keep', alsoDelete: [], users, approval: false },
    retryOf: run.id,
  };
}
