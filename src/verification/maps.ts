import type { IdMap } from '../identity/idMap.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { readSegments, type Segment } from '../journal/segments.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import type { VerifyContext } from './context.ts';

/** The map of the entity itself, and who wrote which of its rows. */
export interface OwnMap {
  /** All rows, whoever wrote them, also the reused ones. */
  all: IdMap & { entries(): Iterable<[string, string]> };
  /** The row stood in the destination before; nothing was written to it. */
  isReused(sourceId: string): boolean;
  /** This run wrote the row. */
  isOfRun(sourceId: string): boolean;
}

const isReused = (segment: Segment) => segment.coding === 'reusedPairs' || segment.coding === 'reusedTexts';

export async function loadOwnMap(context: VerifyContext, entity: WrittenEntity): Promise<OwnMap> {
  const load = (only?: (segment: Segment) => boolean) =>
    loadIdMap(
      context.journal,
      { pairId: context.pairId, entity: entity.key },
      entity.identifierType ?? 'integer',
      only,
    );
  const segments = await readSegments(context.journal, context.pairId, entity.key);
  const isOfRun = (segment: Segment) => !isReused(segment) && segment.runId === context.runId;
  const reused = segments.some(isReused) ? await load(isReused) : null;
  const ofRun = segments.every(isOfRun) ? null : await load(isOfRun);
  const all = await load();
  return {
    all,
    isReused: (sourceId) => reused?.get(sourceId) !== undefined,
    isOfRun: (sourceId) => (ofRun ?? all).get(sourceId) !== undefined,
  };
}

/** Maps of the entities whose ids the entity's references are translated by. */
export async function loadTargetMaps(context: VerifyContext, entity: WrittenEntity): Promise<Map<EntityKey, IdMap>> {
  const types = new Map(context.plan.entities.map((planned) => [planned.key, planned.identifierType]));
  const maps = new Map<EntityKey, IdMap>();
  for (const { target, missing } of entity.references) {
    if (missing === 'keep' || maps.has(target)) continue;
    maps.set(
      target,
      await loadIdMap(context.journal, { pairId: context.pairId, entity: target }, types.get(target) ?? 'integer'),
    );
  }
  return maps;
}
