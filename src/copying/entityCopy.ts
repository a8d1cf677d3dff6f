import { type GrowingIdMap, loadIdMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { KeyedEntity, PlannedReference, WrittenEntity } from '../plan/plan.ts';
import type { CopyContext, EntityWork } from '../writing/context.ts';
import type { Translator } from './translator.ts';

/** One attempt at copying one entity. */
export interface EntityCopy<E extends WrittenEntity = KeyedEntity> extends EntityWork<E> {
  translator: Translator;
}

/** Id maps of entities that are referred to. */
export type TargetMaps = (target: EntityKey) => GrowingIdMap;

/** Loads an entity's map, as the plan says what its ids are. */
export function loadMapOf({ plan, journal }: CopyContext, key: EntityKey): Promise<GrowingIdMap> {
  const type = plan.entities.find((planned) => planned.key === key)?.identifierType;
  return loadIdMap(journal.database, journal.of(key), type ?? 'integer');
}

/** Loads the maps that some references of an entity lead through, its own among them where it is given. */
export async function loadTargetMaps(
  context: CopyContext,
  references: readonly Pick<PlannedReference, 'target'>[],
  own: [EntityKey, GrowingIdMap] | null,
): Promise<TargetMaps> {
  const maps = new Map<EntityKey, GrowingIdMap>(own === null ? [] : [own]);
  for (const { target } of references) {
    if (!maps.has(target)) maps.set(target, await loadMapOf(context, target));
  }
  return (target) => {
    const map = maps.get(target);
    if (map === undefined) throw new Error(`the id map of ${target} was not loaded`);
    return map;
  };
}
