import type { PhysicalTable } from '../database/port.ts';
import type { Attribute, Entity, EntityKey } from './catalog.ts';
import { groupBy } from './grouping.ts';
import { sameName } from './naming.ts';

/** Active entities, and what is known of former ones, as references are resolved against. */
export interface ReferenceContext {
  byKey: Map<EntityKey, Entity>;
  /** Active entities by the entity half of their key: clones share it (trap 1). */
  byEntityKey: Map<string, Entity[]>;
  /** `<espace>*<entity>` of inactive entities: what a move or a deletion left behind (trap 2). */
  formerKeys: Set<EntityKey>;
}

export function referenceContext(entities: readonly Entity[], formerKeys: Set<EntityKey>): ReferenceContext {
  return {
    byKey: new Map(entities.map((entity) => [entity.key, entity])),
    byEntityKey: groupBy(entities, ({ key }) => key.slice(key.indexOf('*') + 1)),
    formerKeys,
  };
}

/** The two halves of a `bt` type in lower case; null for any other type (traps 7, 8: TYPE alone tells a reference). */
export function parseReferenceType(type: string): { espaceKey: string; entityKey: string } | null {
  const [, espaceKey, entityKey] = /^bt([^*]+)\*(.+)$/i.exec(type.trim()) ?? [];
  if (espaceKey === undefined || entityKey === undefined) return null;
  return { espaceKey: espaceKey.trim().toLowerCase(), entityKey: entityKey.trim().toLowerCase() };
}

/** Key that a `bt` type spells, whether or not such an entity exists; null for scalars. */
export function spelledTarget(type: string): EntityKey | null {
  const halves = parseReferenceType(type);
  return halves && `${halves.espaceKey}*${halves.entityKey}`;
}

/** A `bt` type was resolved although it names an espace that the entity has left. */
export function isStale(attribute: Attribute): boolean {
  const spelled = spelledTarget(attribute.type);
  return attribute.references !== null && spelled !== null && spelled !== attribute.references;
}

/** A `bt` type that names no active entity (trap 7). */
export function isUnresolved(attribute: Attribute): boolean {
  return attribute.references === null && spelledTarget(attribute.type) !== null;
}

/**
 * The entity that an attribute refers to. A stale espace half (trap 2) is followed to the active entity with the same
 * entity key, but only on evidence that it is the same entity and no clone of it: the column's foreign key leads to its
 * table, or the named espace still has the inactive row that a move leaves behind and there is but one candidate.
 * Anything else resolves to nothing: ids translated through a clone's map would be wrong in silence.
 */
export function resolveReference(
  attribute: Pick<Attribute, 'type' | 'column'>,
  table: PhysicalTable | null,
  context: ReferenceContext,
): EntityKey | null {
  const halves = parseReferenceType(attribute.type);
  if (!halves) return null;
  const spelled = `${halves.espaceKey}*${halves.entityKey}`;
  if (context.byKey.has(spelled)) return spelled;
  const candidates = context.byEntityKey.get(halves.entityKey) ?? [];
  const constrained = table?.foreignKeys.find((key) => sameName(key.column, attribute.column?.name));
  if (constrained) {
    return candidates.find((candidate) => sameName(candidate.table?.name, constrained.target))?.key ?? null;
  }
  const [candidate, ...others] = candidates;
  if (candidate === undefined || others.length > 0 || !context.formerKeys.has(spelled)) return null;
  return candidate.key;
}
