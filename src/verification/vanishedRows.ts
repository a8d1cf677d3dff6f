import type { Database } from '../database/port.ts';
import { IdSet } from '../identity/idSet.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { mappedEntities } from '../journal/segments.ts';
import { Findings } from '../plan/findings.ts';
import { type KeyedEntity, nameOf, type Plan } from '../plan/plan.ts';

/** Ids of one page. */
const page = { rows: 50_000, bytes: 4 * 1024 * 1024 };

/**
 * Entities of which the destination no longer holds what their id maps say: it was restored or cleaned since the run
 * that wrote them. Going on would leave references to rows that are gone. Streams ids only; memory holds one map at a
 * time.
 * @throws DatabaseError
 */
export async function findVanishedRows(
  context: { destination: Database; journal: Database; pairId: string },
  plan: Plan,
): Promise<Findings> {
  const mapped = new Set(await mappedEntities(context.journal, context.pairId));
  // What is deleted needs not be there; of instances, the maps of those that are gone are dropped with them.
  const emptied = new Set(plan.emptied?.map(({ key }) => key));
  const findings = new Findings();
  for (const entity of plan.entities) {
    if (entity.role !== 'copied' || entity.identifier === 'none' || !mapped.has(entity.key)) continue;
    if (emptied.has(entity.key)) continue;
    const map = await loadIdMap(context.journal, { pairId: context.pairId, entity: entity.key }, entity.identifierType);
    const gone = map.size - (await countPresent(context.destination, entity, map.entries()));
    if (gone === 0) continue;
    findings.add('mapped-rows-gone', {
      entity: nameOf(entity),
      gone,
      mapped: map.size,
      there: plan.destination,
    });
  }
  return findings;
}

async function countPresent(
  destination: Database,
  entity: KeyedEntity,
  pairs: Iterable<[string, string]>,
): Promise<number> {
  const { schema, table, identifier } = entity.destination;
  const wanted = entity.identifierType === 'text' ? new Set<string>() : new IdSet();
  for (const [, destinationId] of pairs) wanted.add(destinationId);
  let present = 0;
  const ids = { table: { schema, name: table }, columns: [identifier], key: identifier, batch: page };
  for await (const rows of destination.readRows(ids)) {
    for (const [id] of rows) if (wanted.has(id as string)) present += 1;
  }
  return present;
}
