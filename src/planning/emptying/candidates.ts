import { platformRows } from '../../alignment/platformTable.ts';
import type { PhysicalTable, TableName } from '../../database/port.ts';
import type { IdSet } from '../../identity/idSet.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { matchCatalogs } from '../../outsystems/matching.ts';
import { entityName, findEntity } from '../../outsystems/naming.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import { entitiesInScope, espacesInScope } from '../../outsystems/scope.ts';
import type { Findings } from '../../plan/findings.ts';
import { ProcessForest } from '../../processes/forest.ts';
import {
  activityTable,
  type InstanceTable,
  instanceTables,
  processDefinitionTable,
  processTable,
} from '../../processes/instanceTables.ts';
import { checkWritable, type NeededRights } from '../preflight/rights.ts';
import { countAll } from '../questions/counts.ts';
import { PlanningError } from '../questions/errors.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';

/** What goes of each table, by its upper-case name: all of it, or the rows with these ids. */
export type Emptied = Map<string, 'all' | IdSet>;

/** A table to be emptied, before it is known in which order. */
export interface Candidate {
  key: EntityKey;
  name: string;
  table: PhysicalTable;
  identifier: string | null;
  rows: number;
  instances: InstanceTable | null;
}

export const tableName = ({ schema, name }: PhysicalTable): TableName => ({ schema, name });

/**
 * The entities of the scope and those that the spec names beside it, as the destination has them. Those of the scope that the
 * login may not read are left to the plan's own findings.
 */
export async function wholeTables(
  { spec, destination }: PlanRequest,
  catalogs: Catalogs,
): Promise<{ candidates: Candidate[]; findings: Findings }> {
  const { pairs } = matchCatalogs(catalogs.source, catalogs.destination);
  const found = new Map<string, { key: EntityKey; entity: Entity; named: boolean }>();
  const add = (key: EntityKey, entity: Entity, named: boolean) => {
    const table = entity.table?.type === 'table' ? entity.table.name.toUpperCase() : undefined;
    if (table !== undefined && !found.has(table)) found.set(table, { key, entity, named });
  };
  for (const key of entitiesInScope(catalogs.source, spec.scope).copied) {
    const there = pairs.get(key)?.destination;
    if (there !== undefined) add(key, there, false);
  }
  for (const name of spec.alsoDelete) {
    const entity = findEntity(catalogs.destination, name);
    if (entity.kind !== 'entity')
      throw new PlanningError(`alsoDelete: '${name}' is ${neverEmptied[entity.kind]}; remove it`);
    add(entity.key, entity, true);
  }
  const entities = [...found.values()];
  const rights = await destination.rights(entities.map(({ entity }) => tableName(entity.table!)));
  const unreadable = entities.filter((one, index) => one.named && !rights[index]!.select);
  const needed = unreadable.map(({ entity }): NeededRights => {
    return { entity: entityName(entity), table: tableName(entity.table!), operations: ['SELECT', 'DELETE'] };
  });
  const readable = entities.filter((_, index) => rights[index]!.select);
  const candidates = await inParallel(
    readable,
    async ({ key, entity }): Promise<Candidate> => ({
      key,
      name: entityName(entity),
      table: entity.table!,
      identifier: entity.identifier?.column?.name ?? null,
      rows: await countAll(destination, entity.table!),
      instances: null,
    }),
  );
  return { candidates, findings: await checkWritable(destination, needed) };
}

const neverEmptied: Record<Exclude<Entity['kind'], 'entity'>, string> = {
  static: 'a static entity, and those are never emptied',
  platform: "one of the platform's own tables, and those are never emptied",
  external: 'kept in another database',
  client: 'kept on devices',
};

/** Process instances that go, subprocesses first: whole trees whose root is of a module in scope. */
export async function processesOfScope(
  { spec }: PlanRequest,
  { source, destination }: Catalogs,
  environment: Environment,
): Promise<string[]> {
  if (!destination.platformTables.has(processTable)) return [];
  const keys = new Set([...espacesInScope(source, spec.scope)].map(({ key }) => key));
  const modules = new Set(
    destination.espaces.filter(({ kind, key }) => kind === 'espace' && keys.has(key)).map(({ id }) => id),
  );
  const definitions = new Set<string>();
  for await (const [id, espace] of platformRows(environment, processDefinitionTable, ['ID', 'ESPACE_ID'])) {
    if (modules.has(String(espace))) definitions.add(String(id));
  }
  if (definitions.size === 0) return [];
  const forest = await ProcessForest.read(environment);
  return forest.upwards(forest.treesRootedIn(definitions));
}

/** Ids of the activities of these processes. @throws DatabaseError */
export async function activitiesOf(environment: Environment, processes: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  if (processes.length === 0) return found;
  const some = { column: 'PROCESS_ID', ids: processes };
  for await (const [id] of platformRows(environment, activityTable, ['ID'], some)) found.push(String(id));
  return found;
}

/** The tables of process instances, with how many of their rows belong to these. @throws DatabaseError */
export async function instancesToGo(
  source: EnvironmentCatalog,
  environment: Environment,
  processes: readonly string[],
  activities: readonly string[],
): Promise<Candidate[]> {
  const { catalog } = environment;
  const candidates: Candidate[] = [];
  for (const instances of instanceTables) {
    const table = catalog.platformTables.get(instances.table);
    const identifier = table && columnOf(table, 'ID');
    if (table?.type !== 'table' || identifier === undefined) continue;
    const owners = instances.partOf.table === activityTable ? activities : processes;
    let rows = 0;
    const some = { column: instances.partOf.column, ids: owners };
    for await (const _ of platformRows(environment, instances.table, ['ID'], some)) rows += 1;
    const key = platformTarget(source, instances.table);
    candidates.push({ key, name: `(System).${instances.name}`, table, identifier, rows, instances });
  }
  return candidates;
}
