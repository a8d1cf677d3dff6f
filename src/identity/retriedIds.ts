import type { Queries } from '../database/port.ts';
import { getRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { keepIds, readKeptIds } from './keptIds.ts';

const decision = 'retried';

/** Keeps which rows a retry is about. */
export async function saveRetried(
  queries: Queries,
  runId: string,
  rows: ReadonlyMap<EntityKey, readonly string[]>,
): Promise<void> {
  for (const [entity, ids] of rows) await keepIds(queries, { runId, entity, decision }, ids);
}

/**
 * Source ids of an entity's rows that a retry is about; null for a run that takes all of them.
 * @throws UnknownRunError
 */
export async function loadRetried(queries: Queries, runId: string, entity: EntityKey): Promise<string[] | null> {
  if ((await getRun(queries, runId)).retryOf === null) return null;
  return (await readKeptIds(queries, runId, entity)).get(decision) ?? [];
}
