import { type EntityDescription, entityName } from '../schema/description.ts';
import { type EnvironmentDescription, recordId } from '../schema/environments.ts';
import { entityNamed, storedEntities } from '../schema/factory.ts';
import type { MetamodelRows } from '../schema/metamodelRows.ts';
import type { Value } from '../schema/tables.ts';
import { createInstances, type Instances } from './instances.ts';
import { people } from './people.ts';
import { type Random, seededRandom } from './random.ts';
import { fitting, type TextPools } from './textPools.ts';

export type Identifier = number | bigint | string;

/** Everything a row of one environment can be made of. Ids of all entities are there before the first row: cycles close. */
export interface World {
  environment: EnvironmentDescription;
  seed: number;
  /** Ignore references may hold ids of rows that are gone. */
  orphans: boolean;
  texts: TextPools;
  /** Identifiers of the rows of `Espace.Entity`, ascending. */
  ids(entity: string): readonly Identifier[];
  /** Number of rows of `Espace.Entity`. */
  count(entity: string): number;
  /** Ids of accounts that rows may refer to. */
  users: number[];
  /** Ids of the tenants of applications, without the IT tenant. */
  tenants: number[];
  platform: MetamodelRows['ids'];
  /** Process instances, which rows refer to and which refer to rows. */
  instances: Instances;
}

/** How many rows an entity has when the largest has `size`, and how to make them. */
export interface RowGenerator {
  count(size: number): number;
  /** Gives a function that makes the row at an index: values by attribute name, the identifier left out. */
  rows(world: World, random: Random): (index: number) => Record<string, Value>;
}

/** Starts of minted ids where they matter: beyond what a double holds exactly (the ids are 64-bit). */
const largeStarts: Record<string, bigint> = {
  'production Fulfilment.ShipmentEvent': 9_007_199_254_740_993n,
  'quality Sales.Campaign': 9_007_199_254_740_981n,
};

/** Decides the identifiers of every entity. */
export function createWorld(options: {
  environment: EnvironmentDescription;
  seed: number;
  orphans: boolean;
  texts: TextPools;
  platform: MetamodelRows['ids'];
  counts: Map<string, number>;
}): World {
  const { environment, seed, counts, platform } = options;
  const isProduction = environment.name === 'production';
  const known = new Map<string, readonly Identifier[]>();
  const accountsFor = (where: string) =>
    people
      .filter((one) => one.tenant !== 'ServiceCenter' && one.in === where && !one.idle)
      .map((one) => platform.users.get(`${one.tenant}/${one.username}`)!);

  const make = (described: EntityDescription): readonly Identifier[] => {
    const name = entityName(described);
    const random = seededRandom(seed, `${environment.name} ids ${name}`);
    const count = counts.get(name) ?? 0;
    if (described.kind === 'staticEntity') {
      return described.records.filter((one) => !one.deleted).map((one) => recordId(environment, described, one));
    }
    const { identifier } = described;
    switch (identifier?.kind) {
      case 'longAutoNumber':
      case 'autoNumber': {
        const large = largeStarts[`${environment.name} ${name}`];
        const list: Identifier[] = [];
        let offset = isProduction ? 4 : 1;
        for (let index = 0; index < count; index++) {
          offset += random.chance(0.02) ? 2 + random.below(30) : 1;
          list.push(large === undefined ? offset : large + BigInt(offset));
        }
        return list;
      }
      case 'manualInteger':
        return Array.from({ length: count }, (_, index) => (isProduction ? 100 : 5_000_000) + index * 10);
      case 'guid':
        return Array.from({ length: count }, () => guid(random)).sort();
      case 'code':
        return Array.from(
          { length: count },
          (_, index) => `${isProduction ? '' : 'Q-'}wh-${String(index + 1).padStart(3, '0')}`,
        );
      case 'extends': {
        if (identifier.entity === '(System).User') {
          // Testers in quality: an account can have one extension only, and production's are to arrive there.
          return isProduction
            ? [...accountsFor('both'), ...accountsFor('production')].filter((_, index) => index % 3 === 0)
            : accountsFor('quality').slice(0, 3);
        }
        if (identifier.entity === '(System).Activity') return world.instances.tasks.filter((_, index) => index % 3 > 0);
        return count === 0 ? [] : idsOf(identifier.entity).filter((_, index) => index % 5 < 3);
      }
      case undefined:
        return [];
    }
  };
  const idsOf = (name: string): readonly Identifier[] => {
    const found = known.get(name) ?? make(entityNamed(name));
    known.set(name, found);
    return found;
  };
  let instances: Instances | null = null;
  const world: World = {
    environment,
    seed,
    orphans: options.orphans,
    texts: options.texts,
    ids: idsOf,
    count: (name) => (entityNamed(name).identifier ? idsOf(name).length : (counts.get(name) ?? 0)),
    users: [...accountsFor('both'), ...accountsFor(isProduction ? 'production' : 'quality')],
    tenants: environment.tenants.filter((one) => one.id !== 1).map((one) => one.id),
    platform,
    get instances() {
      instances ??= createInstances(world);
      return instances;
    },
  };
  for (const described of storedEntities) idsOf(entityName(described));
  return world;
}

function guid(random: Random): string {
  const part = () => random.below(0x100000000).toString(16).padStart(8, '0');
  const [first, second, third, fourth] = [part(), part(), part(), part()];
  return `${first}-${second.slice(0, 4)}-4${second.slice(5)}-a${third.slice(1, 4)}-${third.slice(4)}${fourth}`;
}

/** Mostly the value; now and then NULL, now and then what the platform stores for "nothing" (trap 39). */
export function mixed(random: Random, neutral: Value, value: () => Value): Value {
  const roll = random.next();
  if (roll < 0.05) return null;
  return roll < 0.1 ? neutral : value();
}

/** A text from a pool, cut to length, mixed with NULL and ''. */
export const someText = (random: Random, pool: readonly string[], length: number): Value =>
  mixed(random, '', () => fitting(random.pick(pool)!, length));

const referenceDate = Date.UTC(2026, 0, 15);

/** A moment in the five years before the reference date, in the steps a SQL Server datetime has; else "no date" or NULL. */
export function someMoment(random: Random): Value {
  return mixed(random, '1900-01-01 00:00:00', () => {
    const steps = [0, 0, 3, 7, 450, 997];
    const moment = referenceDate - random.below(157_000_000) * 1000 + steps[random.below(steps.length)]!;
    const written = new Date(moment).toISOString();
    return `${written.slice(0, 10)} ${written.slice(11, 23)}`;
  });
}

/** A day, stored at midnight. */
export function someDay(random: Random): Value {
  return mixed(random, '1900-01-01 00:00:00', () => {
    const day = new Date(referenceDate - random.below(1800) * 86_400_000);
    return `${day.toISOString().slice(0, 10)} 00:00:00`;
  });
}

/** An amount with up to two decimals, as text. */
export const someAmount = (random: Random, limit: number): Value =>
  mixed(random, 0, () => `${random.below(limit)}.${String(random.below(100)).padStart(2, '0')}`);

/** A Protect or Delete reference: a row that is there, or NULL. */
export function reference(world: World, random: Random, entity: string, emptyShare = 0.1): Value {
  return emptyShare > 0 && random.chance(emptyShare) ? null : random.pick(world.ids(entity));
}

/** A reference to an account. */
export const userReference = (world: World, random: Random): Value =>
  random.chance(0.05) ? null : random.pick(world.users);

/**
 * An Ignore reference: no foreign key watches it, so besides NULL it may hold the null identifier (0, '') and,
 * with orphans, an id that is gone. `dangling` is such an id.
 */
export function looseReference(world: World, random: Random, targets: readonly Value[], dangling: Value): Value {
  const roll = random.next();
  if (roll < 0.2) return null;
  if (roll < 0.3) return typeof dangling === 'string' ? '' : 0;
  if (world.orphans && roll < 0.34) return dangling;
  return random.pick(targets);
}
