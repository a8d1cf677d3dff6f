import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Database } from '../database/port.ts';
import { issuesRun } from '../journal/runs.ts';

/**
 * How a run is repeated for the rows that it set aside: as it was, but nothing is deleted, and nobody overwritten or
 * deleted, a second time; and whoever asks for it has approved it. While that run goes on it holds the destination, and
 * this one is refused.
 * @param id of the run, or of an earlier retry of it.
 * @throws UnknownRunError
 */
export async function specOfRetry(journal: Database, id: string): Promise<{ spec: MigrationSpec; retryOf: string }> {
  const run = await issuesRun(journal, id);
  const users = run.spec.users === 'match' ? 'match' : 'create';
  return {
    spec: { ...run.spec, destinationData: 'keep', alsoDelete: [], users, approval: false },
    retryOf: run.id,
  };
}
