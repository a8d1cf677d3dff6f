import type { Cell } from '../database/port.ts';
import { firstOf } from '../wording/counts.ts';
import type { Attribute, Entity, EnvironmentCatalog } from './catalog.ts';
import { CatalogError } from './errors.ts';

/** How many existing names an error lists. */
const listed = 8;

/** Names are compared as the platform does, without case. */
export function foldName(name: string): string {
  return name.trim().toLowerCase();
}

/**
 * The thing of that name.
 * @param what as in `application`, for the error.
 * @throws CatalogError listing names that are close, or some that exist.
 */
export function findByName<T>(
  things: readonly T[],
  nameOf: (thing: T) => string,
  name: string,
  { what, where }: { what: string; where: string },
): T {
  const namesake = things.find((thing) => foldName(nameOf(thing)) === foldName(name));
  if (namesake !== undefined) return namesake;
  throw new CatalogError(`${where} has no ${what} '${name}'; ${suggestion(things.map(nameOf), name)}`);
}

function suggestion(names: string[], missing: string): string {
  if (names.length === 0) return 'it has none at all';
  const sorted = [...new Set(names)].sort((left, right) => left.localeCompare(right, 'en'));
  const near = sorted
    .map((name) => ({ name, distance: editDistance(foldName(name), foldName(missing)) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)))
    .sort((left, right) => left.distance - right.distance)
    .slice(0, 3);
  if (near.length > 0) return `did you mean ${near.map(({ name }) => `'${name}'`).join(' or ')}?`;
  const quoted = sorted.map((name) => `'${name}'`);
  return `it has ${firstOf(quoted, listed)}`;
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  // Distances from the beginning of `left` that was compared to each beginning of `right` but the empty one.
  let distances = Array.from({ length: right.length }, (_, place) => place + 1);
  let distance = right.length;
  for (let compared = 0; compared < left.length; compared++) {
    let diagonal = compared;
    distance = compared + 1;
    const next: number[] = [];
    for (const [place, above] of distances.entries()) {
      const substituted = diagonal + (left[compared] === right[place] ? 0 : 1);
      distance = Math.min(above + 1, distance + 1, substituted);
      diagonal = above;
      next.push(distance);
    }
    distances = next;
  }
  return distance;
}

/**
 * The entity that `Espace.Entity` names. Espace names may hold dots, entity names do not.
 * @throws CatalogError
 */
export function findEntity(catalog: EnvironmentCatalog, name: string): Entity {
  const dot = name.lastIndexOf('.');
  const where = `'${catalog.environment}'`;
  const espace = findByName(catalog.espaces, (one) => one.name, name.slice(0, dot), { what: 'espace', where });
  const owned = catalog.entities.filter((entity) => entity.espace === espace);
  return findByName(owned, (one) => one.name, name.slice(dot + 1), {
    what: 'entity',
    where: `${espace.name} in ${where}`,
  });
}

/**
 * The attribute that `Espace.Entity.Attribute` names.
 * @throws CatalogError
 */
export function findAttribute(catalog: EnvironmentCatalog, name: string): { entity: Entity; attribute: Attribute } {
  const dot = name.lastIndexOf('.');
  const entity = findEntity(catalog, name.slice(0, dot));
  const attribute = findByName(entity.attributes, (one) => one.name, name.slice(dot + 1), {
    what: 'attribute',
    where: `${entityName(entity)} in '${catalog.environment}'`,
  });
  return { entity, attribute };
}

/** Physical names are compared without case (metamodel §0, collation). */
export function sameName(left: string | undefined, right: string | undefined): boolean {
  return left !== undefined && right !== undefined && left.toUpperCase() === right.toUpperCase();
}

/** `Espace.Entity`, for people. */
export function entityName(entity: Entity): string {
  return `${entity.espace.name}.${entity.name}`;
}

/**
 * A value that the platform reads as "no row" though the column is not NULL (trap 39). It is kept as it is: where it
 * exists, no constraint forbids it.
 */
export function isNullIdentifier(value: string): boolean {
  return value === '0' || value === '';
}

/** Whether a reference leads to no row: its cell is NULL or holds a null identifier. */
export function isNullReference(cell: Cell): boolean {
  return cell === null || (typeof cell === 'string' && isNullIdentifier(cell));
}
