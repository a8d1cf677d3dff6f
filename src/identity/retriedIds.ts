import type { Queries } from '../database/port.ts';
import { insertDecisions, type PackedDecision, readDecisions } from '../journal/decisions.ts';
import { getRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { packIds, unpackIds } from './idList.ts';

const decision = 'retried';
/** Ids of one row of the journal. */
const idsAtOnce = 1_000_000;

/** Keeps which rows a retry is about. */
export async function saveRetried(
  queries: Queries,
  runId: string,
  rows: ReadonlyMap<EntityKey, readonly string[]>,
): Promise<void> {
  const packed = [...rows].flatMap(([entity, ids]) =>
    Array.from({ length: Math.ceil(ids.length / idsAtOnce) }, (_, part): PackedDecision => {
      const some = ids.slice(part * idsAtOnce, (part + 1) * idsAtOnce);
      return { entity, decision: `${decision}.${part}`, rows: some.length, content: packIds(some) };
    }),
  );
  await insertDecisions(queries, runId, packed);
}

/** Source ids of an entity's rows that a retry is about; null for a run that takes all of them. @throws UnknownRunError */
export async function loadRetried(queries: Queries, runId: string, entity: EntityKey): Promise<string[] | null> {
  if ((await getRun(queries, runId)).retryOf === null) return null;
  const lists = await readDecisions(queries, runId, entity);
  return lists.flatMap(({ decision: kind, content }) => (kind.startsWith(`${decision}.`) ? unpackIds(content) : []));
}
