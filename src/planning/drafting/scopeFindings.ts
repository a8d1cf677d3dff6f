import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Entity, EntityKey, EnvironmentCatalog, Espace } from '../../outsystems/catalog.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import type { CatalogMatch, EntityPair } from '../../outsystems/matching.ts';
import { entityName, foldName } from '../../outsystems/naming.ts';
import { type Findings, noFindings } from '../../plan/findings.ts';
import { countOf } from '../../wording/counts.ts';

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
  const findings = noFindings();
  const there = `'${destination.environment}'`;
  const block = (code: string, entity: string, message: string) => findings.blocking.push({ code, entity, message });
  const explained = new Set<Espace>();
  const espaceKeys = new Set(destination.espaces.map(({ key }) => key));
  for (const name of spec.scope.applications ?? []) {
    const application = source.applications.find((one) => foldName(one.name) === foldName(name));
    if (application === undefined) continue;
    const found = destination.applications.some(
      (one) => (one.key !== '' && one.key === application.key) || foldName(one.name) === foldName(application.name),
    );
    if (found) continue;
    block('application-missing', '', `${there} has no application '${application.name}'; publish it there first`);
    for (const espace of source.espaces) {
      const ids = espace.kind === 'espace' ? application.espaceIds : application.extensionIds;
      if (ids.includes(espace.id)) explained.add(espace);
    }
  }
  const absent = copied.filter((entity) => !match.pairs.has(entity.key));
  for (const entities of groupBy(absent, ({ espace }) => espace.key).values()) {
    const { espace } = entities[0]!;
    if (espaceKeys.has(espace.key)) {
      for (const entity of entities)
        block('entity-missing', entityName(entity), entityMissing(entity, destination, there));
    } else if (!explained.has(espace)) {
      const what = espace.kind === 'espace' ? 'module' : 'extension';
      block(
        'espace-missing',
        '',
        `${there} has no ${what} '${espace.name}' of this key, which holds ${countOf(entities.length, 'entity', 'entities')} to be copied; publish it there first`,
      );
    }
  }
  return findings;
}

/** A moved entity has the same entity key in another espace (trap 2). */
function entityMissing(entity: Entity, destination: EnvironmentCatalog, there: string): string {
  const half = entity.key.slice(entity.key.indexOf('*'));
  const elsewhere = destination.entities.find(({ key }) => key.endsWith(half));
  const hint = elsewhere ? ` (it has one of the same entity key in module '${elsewhere.espace.name}')` : '';
  return `${there} has no entity ${entityName(entity)}${hint}; publish the same version there`;
}

/** Two active entities on one table: whose rows they are cannot be told. Only those that are to be copied matter. */
export function sharedTables(catalog: EnvironmentCatalog, copied: ReadonlySet<EntityKey>): Findings {
  const findings = noFindings();
  const stored = catalog.entities.filter(
    ({ kind, table }) => table !== null && (kind === 'entity' || kind === 'static'),
  );
  for (const claimants of groupBy(stored, ({ table }) => table!.name).values()) {
    const [first] = claimants;
    if (claimants.length < 2 || !claimants.some(({ key }) => copied.has(key))) continue;
    const names = claimants.map(entityName).join(' and ');
    findings.blocking.push({
      code: 'physical-table-shared',
      entity: entityName(claimants.find(({ key }) => copied.has(key))!),
      message: `in '${catalog.environment}' ${names} claim the same table ${first!.table!.name}; deactivate or republish all but one of them`,
    });
  }
  return findings;
}

/** Whether both sides of a pair have a table whose rows can be copied (trap 47). */
export function unusableTables(pair: EntityPair, environments: { source: string; destination: string }): Findings {
  const findings = noFindings();
  const name = entityName(pair.source);
  const block = (code: string, message: string) => findings.blocking.push({ code, entity: name, message });
  const { source, destination } = pair;
  if (destination.kind !== 'entity') {
    block(
      'kind-differs',
      `it is a ${destination.kind} entity in '${environments.destination}'; publish the same version to both`,
    );
    return findings;
  }
  for (const side of ['source', 'destination'] as const) {
    const { table, physicalTableName } = side === 'source' ? source : destination;
    const where = `'${environments[side]}'`;
    if (table === null) {
      const why = physicalTableName?.includes('.')
        ? `lies in another catalog or schema of ${where}, which is not read`
        : `is not in ${where}, or the login may not read it; publish its module there again, or grant SELECT on it`;
      block('physical-table-missing', `its table ${physicalTableName ?? '(unnamed)'} ${why}`);
    } else if (table.type === 'view') {
      block('physical-table-is-view', `${table.name} is a view in ${where}: its rows belong to other tables`);
    }
  }
  return findings;
}
