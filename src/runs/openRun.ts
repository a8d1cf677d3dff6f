import { checkMigrationSpec } from '../config/configuration.ts';
import { acquireLease, type HolderState } from '../journal/lease.ts';
import { createRun, updateRun } from '../journal/runs.ts';
import type { Connections } from './connections.ts';
import type { RunRequest, RunSettings } from './contract.ts';
import { paceOfRuns } from './pace.ts';
import { specOfRetry } from './retryRun.ts';

/**
 * Checks the spec, or finds the run whose rows set aside are to be migrated; notes the run in the journal and takes the
 * destination for it.
 * @param execution that of the workflow: another one under the same id is another run.
 * @param stateOf what became of the run that has the destination.
 * @throws ConfigurationError, UnknownRunError, RunTakenError, LeaseHeldError, DatabaseError
 */
export async function openRun(
  connections: Connections,
  { run, execution, ...request }: { run: string; execution: string } & RunRequest,
  stateOf: (run: string) => Promise<HolderState>,
): Promise<RunSettings> {
  const { journal } = connections;
  const { spec, retryOf } =
    'retryOf' in request
      ? await specOfRetry(journal, request.retryOf)
      : { spec: checkMigrationSpec(request.spec), retryOf: null };
  connections.source(spec.source);
  connections.destination(spec.destination);
  await createRun(journal, run, { execution, spec, retryOf });
  try {
    await acquireLease(journal, spec.destination, run, stateOf);
  } catch (error) {
    await updateRun(journal, run, { status: 'failed', message: (error as Error).message, finished: true });
    throw error;
  }
  const { concurrency, approval, verify } = spec;
  return { concurrency, approval, verify, pace: paceOfRuns() };
}
