import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Entity, EntityKey, EnvironmentCatalog, Espace } from '../../outsystems/catalog.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import type { CatalogMatch, EntityPair } from '../../outsystems/matching.ts';
import { entityName, foldName } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';

/**
 * What the destination lacks of what is to be copied, said once at the highest level: an application that is not there
 * is not said again for each of its entities.
 */
export function missingInDestination(
  spec: MigrationSpec,
  source: EnvironmentCatalog,
  destination: EnvironmentCatalog,
  match: CatalogMatch,
  copied: readonly Entity[],
): Findings {
  const findings = new Findings();
  const there = destination.environment;
  const explained = new Set<Espace>();
  const espaceKeys = new Set(destination.espaces.map(({ key }) => key));
  for (const name of spec.scope.applications ?? []) {
    const application = source.applications.find((one) => foldName(one.name) === foldName(name));
    if (application === undefined) continue;
    const found = destination.applications.some(
      (one) => (one.key !== '' && one.key === application.key) || foldName(one.name) === foldName(application.name),
    );
    if (found) continue;
    findings.add('application-missing', { application: application.name, there });
    for (const espace of source.espaces) {
      const ids = espace.kind === 'espace' ? application.espaceIds : application.extensionIds;
      if (ids.includes(espace.id)) explained.add(espace);
    }
  }
  const absent = copied.filter((entity) => !match.pairs.has(entity.key));
  for (const entities of groupBy(absent, ({ espace }) => espace.key).values()) {
    const { espace } = entities[0]!;
    if (espaceKeys.has(espace.key)) {
      for (const entity of entities) {
        const elsewhere = moduleOfSameKey(entity, destination);
        findings.add('entity-missing', { entity: entityName(entity), there, elsewhere });
      }
    } else if (!explained.has(espace)) {
      const kind = espace.kind === 'espace' ? 'module' : 'extension';
      findings.add('espace-missing', { kind, name: espace.name, there, entities: entities.length });
    }
  }
  return findings;
}

/** A moved entity has the same entity key in another espace (trap 2). */
function moduleOfSameKey(entity: Entity, { entities }: EnvironmentCatalog): string | null {
  const half = entity.key.slice(entity.key.indexOf('*'));
  return entities.find(({ key }) => key.endsWith(half))?.espace.name ?? null;
}

/** Two active entities on one table: whose rows they are cannot be told. Only those that are to be copied matter. */
export function sharedTables(catalog: EnvironmentCatalog, copied: ReadonlySet<EntityKey>): Findings {
  const findings = new Findings();
  const stored = catalog.entities.filter(
    ({ kind, table }) => table !== null && (kind === 'entity' || kind === 'static'),
  );
  for (const claimants of groupBy(stored, ({ table }) => table!.name).values()) {
    const [first] = claimants;
    if (claimants.length < 2 || !claimants.some(({ key }) => copied.has(key))) continue;
    findings.add('physical-table-shared', {
      entity: entityName(claimants.find(({ key }) => copied.has(key))!),
      table: first!.table!.name,
      where: catalog.environment,
      claimants: claimants.map(entityName),
    });
  }
  return findings;
}

/** Whether both sides of a pair have a table whose rows can be copied (trap 47). */
export function unusableTables(pair: EntityPair, environments: { source: string; destination: string }): Findings {
  const findings = new Findings();
  const { source, destination } = pair;
  const entity = entityName(source);
  if (destination.kind !== 'entity') {
    findings.add('kind-differs', { entity, kind: destination.kind, there: environments.destination });
    return findings;
  }
  for (const side of ['source', 'destination'] as const) {
    const { table, physicalTableName } = side === 'source' ? source : destination;
    const where = environments[side];
    if (table === null) {
      findings.add('physical-table-missing', {
        entity,
        table: physicalTableName ?? '(unnamed)',
        where,
        isElsewhere: physicalTableName?.includes('.') ?? false,
      });
    } else if (table.type === 'view') findings.add('physical-table-is-view', { entity, table: table.name, where });
  }
  return findings;
}
