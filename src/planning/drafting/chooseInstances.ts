import type { Entity } from '../../outsystems/catalog.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import { espacesInScope } from '../../outsystems/scope.ts';
import { type ChosenProcesses, chooseProcesses, type InstanceColumn } from '../../processes/chooseProcesses.ts';
import { activityTable, processTable } from '../../processes/instanceTables.ts';
import type { Migration } from '../questions/request.ts';
import { entitiesToCopy, type MigrationScope } from './migrationScope.ts';

/**
 * Which process instances travel; null where the spec wants none, or an environment has no processes.
 * @throws DatabaseError
 */
export async function chooseInstances(migration: Migration, scope: MigrationScope): Promise<ChosenProcesses | null> {
  const { spec, source, destination } = migration;
  const haveProcesses = [source, destination].every(({ catalog }) => catalog.platformTables.has(processTable));
  if (spec.processes === 'none' || !haveProcesses) return null;
  const instanceColumns = instanceColumnsOf(migration, scope);
  return chooseProcesses({
    source,
    destination,
    mode: spec.processes,
    espaces: espacesInScope(source.catalog, spec.scope),
    columnsOf: (types) =>
      spec.producers === 'match' ? [] : entitiesToCopy(migration, scope, types).flatMap(instanceColumns),
  });
}

/** Finds the columns of an entity that refer to processes or to activities. */
function instanceColumnsOf({ source }: Migration, { references }: MigrationScope) {
  const tables = new Map([processTable, activityTable].map((table) => [platformTarget(source.catalog, table), table]));
  return ({ table, attributes }: Entity): InstanceColumn[] =>
    attributes.flatMap((attribute) => {
      const reference = references.of(attribute);
      const to = reference === null ? undefined : tables.get(reference.target);
      if (to === undefined || attribute.column === null || table === null) return [];
      return [{ table: { schema: table.schema, name: table.name }, column: attribute.column.name, to }];
    });
}
