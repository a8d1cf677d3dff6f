import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from './catalog.ts';

/** One entity as both environments know it. */
export interface EntityPair {
  key: EntityKey;
  source: Entity;
  destination: Entity;
  attributes: { source: Attribute; destination: Attribute }[];
  sourceOnly: Attribute[];
  destinationOnly: Attribute[];
}

export interface CatalogMatch {
  pairs: Map<EntityKey, EntityPair>;
  sourceOnly: Entity[];
  destinationOnly: Entity[];
}

/**
 * Matches two catalogs by (espace key, entity key) and, within an entity, by attribute key: names and physical names
 * differ between environments, and one of the three keys alone is not unique (traps 1, 3, 4).
 */
export function matchCatalogs(source: EnvironmentCatalog, destination: EnvironmentCatalog): CatalogMatch {
  const counterparts = new Map(destination.entities.map((entity) => [entity.key, entity]));
  const match: CatalogMatch = { pairs: new Map(), sourceOnly: [], destinationOnly: [] };
  for (const entity of source.entities) {
    const counterpart = counterparts.get(entity.key);
    if (counterpart) match.pairs.set(entity.key, matchEntities(entity, counterpart));
    else match.sourceOnly.push(entity);
  }
  match.destinationOnly = destination.entities.filter(({ key }) => !match.pairs.has(key));
  return match;
}

function matchEntities(source: Entity, destination: Entity): EntityPair {
  const counterparts = new Map(destination.attributes.map((attribute) => [attribute.key, attribute]));
  const pair: EntityPair = {
    key: source.key,
    source,
    destination,
    attributes: [],
    sourceOnly: [],
    destinationOnly: [],
  };
  const matched = new Set<Attribute>();
  for (const attribute of source.attributes) {
    const counterpart = counterparts.get(attribute.key);
    if (counterpart === undefined || matched.has(counterpart)) {
      pair.sourceOnly.push(attribute);
      continue;
    }
    matched.add(counterpart);
    pair.attributes.push({ source: attribute, destination: counterpart });
  }
  pair.destinationOnly = destination.attributes.filter((attribute) => !matched.has(attribute));
  return pair;
}
