import type { Attribute, Entity, EntityKey } from '../../outsystems/catalog.ts';
import { type CatalogMatch, matchCatalogs } from '../../outsystems/matching.ts';
import { entitiesInScope, type Scope, withProducers } from '../../outsystems/scope.ts';
import type { Migration } from '../questions/request.ts';
import { type SourceReferences, sourceReferences } from './sourceReferences.ts';
import { resolveSpecNames } from './specNames.ts';

/** What the spec names, as the catalogs have it. */
export interface MigrationScope {
  scope: Scope;
  /** Attributes that the spec leaves behind. */
  ignored: ReadonlySet<Attribute>;
  references: SourceReferences;
  match: CatalogMatch;
  /** All of the source, by key. */
  entities: ReadonlyMap<EntityKey, Entity>;
}

/** @throws CatalogError for a name that means nothing; PlanningError for one that cannot be meant */
export function findScope({ spec, ...environments }: Migration): MigrationScope {
  const [source, destination] = [environments.source.catalog, environments.destination.catalog];
  const { ignored, softKeys } = resolveSpecNames(spec, source, destination);
  return {
    scope: entitiesInScope(source, spec.scope),
    ignored,
    references: sourceReferences(source, softKeys),
    match: matchCatalogs(source, destination),
    entities: new Map(source.entities.map((entity) => [entity.key, entity])),
  };
}

/**
 * Entities to be copied, those that cannot be among them: the scope's own, and their producers unless the spec only
 * matches those.
 * @param types of values of process instances: the entities they name are producers too.
 */
export function entitiesToCopy({ spec }: Migration, scope: MigrationScope, types: Iterable<string>): Entity[] {
  const keys = spec.producers === 'match' ? scope.scope.copied : keysWithProducers(scope, types);
  return [...keys].map((key) => sourceEntity(scope, key));
}

function keysWithProducers(scope: MigrationScope, types: Iterable<string>): Set<EntityKey> {
  const { references, entities } = scope;
  const named = [...new Set(types)].flatMap((type) => references.ofType(type)?.target ?? []);
  const applications = named.filter((key) => entities.get(key)?.kind === 'entity');
  return withProducers(new Set([...scope.scope.copied, ...applications]), entities, (entity) =>
    targetsOf(entity, scope),
  );
}

/** What an entity refers to through attributes that are copied; all of them where the destination lacks the entity. */
function targetsOf(entity: Entity, { match, references }: MigrationScope): EntityKey[] {
  const pair = match.pairs.get(entity.key);
  const attributes = pair ? pair.attributes.map(({ source }) => source) : entity.attributes;
  const withIdentifier = entity.identifier ? [...attributes, entity.identifier] : attributes;
  return withIdentifier.flatMap((attribute) => references.of(attribute)?.target ?? []);
}

/** @throws Error for a key that the source's catalog does not have */
function sourceEntity({ entities }: MigrationScope, key: EntityKey): Entity {
  const entity = entities.get(key);
  if (entity === undefined) throw new Error(`the source's catalog has no entity ${key}`);
  return entity;
}
