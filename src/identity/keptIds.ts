import type { Queries } from '../database/port.ts';
import { insertDecisions, type PackedDecision, readDecisions } from '../journal/decisions.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { packIds, unpackIds } from './idList.ts';

/** Ids of one row of the journal. */
const idsAtOnce = 1_000_000;

/** Keeps what a run decided on rows of an entity: their ids in their order, about a byte each where they ascend. */
export async function keepIds(
  queries: Queries,
  { runId, entity, decision }: { runId: string; entity: EntityKey; decision: string },
  ids: readonly string[],
): Promise<void> {
  const parts = Array.from({ length: Math.ceil(ids.length / idsAtOnce) }, (_, part): PackedDecision => {
    const idsOfPart = ids.slice(part * idsAtOnce, (part + 1) * idsAtOnce);
    return { entity, decision: `${decision}.${part}`, rows: idsOfPart.length, content: packIds(idsOfPart) };
  });
  await insertDecisions(queries, runId, parts);
}

/** Ids that a run keeps under each decision that it made so, in their order. */
export async function readKeptIds(queries: Queries, runId: string, entity: EntityKey): Promise<Map<string, string[]>> {
  const parts = (await readDecisions(queries, runId, entity)).flatMap(({ decision, content }) => {
    const [, name, part] = /^(.+)\.(\d+)$/.exec(decision) ?? [];
    return name === undefined ? [] : [{ name, part: Number(part), content }];
  });
  const kept = new Map<string, string[]>();
  for (const { name, content } of parts.sort((left, right) => left.part - right.part)) {
    kept.set(name, (kept.get(name) ?? []).concat(unpackIds(content)));
  }
  return kept;
}
