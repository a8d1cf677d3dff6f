import { getRun, loadPlan, noteApproval } from '../journal/runs.ts';
import { nameOf } from '../plan/plan.ts';
import { schemaDigests } from '../planning/preflight/schemaDigest.ts';
import { readEnvironments } from '../planning/readEnvironments.ts';
import { firstOf } from '../wording/counts.ts';
import type { Connections } from './connections.ts';

/** What was approved is no longer what would be done. */
export class SchemaChangedError extends Error {
  constructor(entities: string) {
    super(
      `the definition of ${entities} changed after the plan was made: what was approved is no longer what would be done; start a new run`,
    );
    this.name = 'SchemaChangedError';
  }
}

/** Names of entities that a message lists. */
const listed = 5;

/**
 * Notes who approved a run, and looks whether the plan still holds: a module that was published since has other columns
 * than those that were approved.
 * @throws SchemaChangedError
 */
export async function approveRun(connections: Connections, runId: string, by: string): Promise<void> {
  const { journal } = connections;
  const run = await getRun(journal, runId);
  await noteApproval(journal, runId, by);
  const plan = await loadPlan(journal, runId);
  const environments = await readEnvironments({
    source: connections.source(run.source),
    destination: connections.destination(run.destination),
  });
  const now = schemaDigests(plan.entities, environments);
  const changed = plan.entities.filter(({ key }) => plan.schema?.[key] !== now[key]);
  if (changed.length === 0) return;
  throw new SchemaChangedError(firstOf(changed.map(nameOf), listed));
}
