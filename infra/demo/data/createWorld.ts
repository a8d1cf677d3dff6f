import { type EntityDescription, entityName } from '../schema/description.ts';
import { type EnvironmentDescription, recordId } from '../schema/environments.ts';
import { entityNamed, storedEntities } from '../schema/factory.ts';
import type { MetamodelRows } from '../schema/metamodelRows.ts';
import { createInstances } from './instances.ts';
import { people } from './people.ts';
import { type Random, seededRandom } from './random.ts';
import type { TextPools } from './textPools.ts';
import type { Identifier, Instances, World } from './world.ts';

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
