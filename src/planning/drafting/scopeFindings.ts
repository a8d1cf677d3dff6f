import type { Application, Entity, EntityKey, EnvironmentCatalog, Espace } from '../../outsystems/catalog.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import type { CatalogMatch, EntityPair } from '../../outsystems/matching.ts';
import { entityName, foldName } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';
import type { Migration } from '../questions/request.ts';

/**
 * What the destination lacks of what is to be copied, said once at the highest level: an application that is not there
 * is not said again for each of its entities.
 */
export function missingInDestination(migration: Migration, match: CatalogMatch, copied: readonly Entity[]): Findings {
  const { catalog: destination } = migration.destination;
  const there = destination.environment;
  const findings = new Findings();
  const applications = missingApplications(migration);
  for (const { name } of applications) findings.add('application-missing', { application: name, there });
  const explained = new Set(applications.flatMap((application) => modulesOf(application, migration.source.catalog)));
  const espaceKeys = new Set(destination.espaces.map(({ key }) => key));
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

/** Applications of the scope that the destination does not have, neither by their keys nor by their names. */
function missingApplications({ spec, source, destination }: Migration): Application[] {
  const isThere = ({ key, name }: Application) =>
    destination.catalog.applications.some(
      (one) => (one.key !== '' && one.key === key) || foldName(one.name) === foldName(name),
    );
  return (spec.scope.applications ?? []).flatMap((name) => {
    const application = source.catalog.applications.find((one) => foldName(one.name) === foldName(name));
    return application === undefined || isThere(application) ? [] : [application];
  });
}

const modulesOf = ({ espaceIds, extensionIds }: Application, { espaces }: EnvironmentCatalog): Espace[] =>
  espaces.filter(({ kind, id }) => (kind === 'espace' ? espaceIds : extensionIds).includes(id));

/** A moved entity has the same entity key in another espace (trap 2). */
function moduleOfSameKey(entity: Entity, { entities }: EnvironmentCatalog): string | null {
  const half = entity.key.slice(entity.key.indexOf('*'));
  return entities.find(({ key }) => key.endsWith(half))?.espace.name ?? null;
}

/** Two active entities on one table: whose rows they are cannot be told. Only those that are to be copied matter. */
export function sharedTables(catalog: EnvironmentCatalog, copied: ReadonlySet<EntityKey>): Findings {
  const findings = new Findings();
  const stored = catalog.entities.filter(({ kind }) => kind === 'entity' || kind === 'static');
  const claims = stored.flatMap((entity) => (entity.table === null ? [] : [{ entity, table: entity.table.name }]));
  for (const [table, claimants] of groupBy(claims, (claim) => claim.table)) {
    const claimant = claimants.find(({ entity }) => copied.has(entity.key));
    if (claimants.length < 2 || claimant === undefined) continue;
    findings.add('physical-table-shared', {
      entity: entityName(claimant.entity),
      table,
      where: catalog.environment,
      claimants: claimants.map(({ entity }) => entityName(entity)),
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
