import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Application, Entity, EntityKey, EnvironmentCatalog, Espace, Solution } from './catalog.ts';
import { CatalogError } from './errors.ts';
import { findByName } from './naming.ts';

/** What is to be migrated, and why each entity is part of it. */
export interface Scope {
  /** Application entities whose rows are copied. */
  copied: Set<EntityKey>;
  /** Static entities of the scope: matched, never written (trap 33). */
  statics: Set<EntityKey>;
}

/**
 * The entities that the spec's scope names: application entities and static ones. Platform, external and client
 * entities are never in it (trap 47), nor is what the platform's own modules keep when the scope is `all`.
 * @throws CatalogError for a name that the source does not have and for a scope without entities.
 */
export function entitiesInScope(catalog: EnvironmentCatalog, scope: MigrationSpec['scope']): Scope {
  const owners = espacesInScope(catalog, scope);
  const inScope = catalog.entities.filter((entity) => owners.has(entity.espace));
  const copied = inScope.filter(({ kind }) => kind === 'entity').map(({ key }) => key);
  if (copied.length === 0) {
    throw new CatalogError(
      `the scope holds no application entity of '${catalog.environment}': there is nothing to migrate; widen the scope`,
    );
  }
  const statics = inScope.filter(({ kind }) => kind === 'static').map(({ key }) => key);
  return { copied: new Set(copied), statics: new Set(statics) };
}

/**
 * Espaces and extensions that the spec's scope names.
 * @throws CatalogError for a name that the source does not have.
 */
export function espacesInScope(catalog: EnvironmentCatalog, scope: MigrationSpec['scope']): Set<Espace> {
  const where = `'${catalog.environment}'`;
  if (scope.all) return new Set(catalog.espaces.filter(({ system }) => !system));
  const named = <T extends { name: string }>(things: readonly T[], names: string[] | undefined, what: string): T[] =>
    (names ?? []).map((name) => findByName(things, (thing) => thing.name, name, { what, where }));
  const members = (group: Application | Solution) =>
    catalog.espaces.filter(({ kind, id }) => (kind === 'espace' ? group.espaceIds : group.extensionIds).includes(id));
  return new Set([
    ...named(catalog.applications, scope.applications, 'application').flatMap(members),
    ...named(catalog.solutions, scope.solutions, 'solution').flatMap(members),
    ...named(catalog.espaces, scope.espaces, 'espace'),
  ]);
}

/**
 * Adds every application entity that those in scope refer to, directly or not (the guide's rule: producers first).
 * @param targetsOf keys of the entities that an entity refers to.
 */
export function withProducers(
  scope: ReadonlySet<EntityKey>,
  entities: ReadonlyMap<EntityKey, Entity>,
  targetsOf: (entity: Entity) => Iterable<EntityKey>,
): Set<EntityKey> {
  const reached = new Set(scope);
  const waiting = [...scope].map((key) => {
    const entity = entities.get(key);
    if (entity === undefined) throw new Error(`the scope names entity ${key}, which the source does not have`);
    return entity;
  });
  for (let entity = waiting.pop(); entity !== undefined; entity = waiting.pop()) {
    for (const target of targetsOf(entity)) {
      const producer = entities.get(target);
      if (reached.has(target) || producer?.kind !== 'entity') continue;
      reached.add(target);
      waiting.push(producer);
    }
  }
  return reached;
}
