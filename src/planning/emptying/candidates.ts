import { platformRows } from '../../alignment/platformTable.ts';
import type { PhysicalTable, TableName } from '../../database/port.ts';
import type { IdSet } from '../../identity/idSet.ts';
import type { Entity, EntityKey } from '../../outsystems/catalog.ts';
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
import { checkWritable, rightsOn } from '../preflight/rights.ts';
import { countAll } from '../questions/counts.ts';
import { PlanningError } from '../questions/errors.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Migration } from '../questions/request.ts';

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
 * The entities of the scope and those that the spec names beside it, as the destination has them. Those of the scope
 * that the login may not read are left to the plan's own findings.
 */
export async function wholeTables(migration: Migration): Promise<{ candidates: Candidate[]; findings: Findings }> {
  const { database } = migration.destination;
  const told = await rightsOn(
    database,
    storedEntities(migration).map((owner) => ({ owner, table: owner.table })),
  );
  const readable = told.flatMap(({ owner, rights }) => (rights.select ? [owner] : []));
  const unreadable = told.flatMap(({ owner, rights }) => (owner.isNamed && !rights.select ? [owner] : []));
  const candidates = await inParallel(readable, async ({ key, entity, table }): Promise<Candidate> => {
    return {
      key,
      name: entityName(entity),
      table,
      identifier: entity.identifier?.column?.name ?? null,
      rows: await countAll(database, table),
      instances: null,
    };
  });
  const findings = await checkWritable(
    database,
    unreadable.map(({ entity, table }) => ({
      entity: entityName(entity),
      table: tableName(table),
      operations: ['SELECT', 'DELETE'],
    })),
  );
  return { candidates, findings };
}

/** An entity of the destination with the table that is emptied. */
interface StoredEntity {
  /** As the plan knows it. */
  key: EntityKey;
  entity: Entity;
  table: PhysicalTable;
  /** The spec names it beside the scope. */
  isNamed: boolean;
}

/** Each table once, those of the scope first. @throws CatalogError, PlanningError for a name that cannot be meant */
function storedEntities({ spec, source, destination }: Migration): StoredEntity[] {
  const { pairs } = matchCatalogs(source.catalog, destination.catalog);
  const ofScope = [...entitiesInScope(source.catalog, spec.scope).copied].flatMap((key) => {
    const entity = pairs.get(key)?.destination;
    return entity === undefined ? [] : [{ key, entity, isNamed: false }];
  });
  const named = spec.alsoDelete.map((name) => {
    const entity = findEntity(destination.catalog, name);
    if (entity.kind !== 'entity') {
      throw new PlanningError(`alsoDelete: '${name}' is ${neverEmptied[entity.kind]}; remove it`);
    }
    return { key: entity.key, entity, isNamed: true };
  });
  const byTable = new Map<string, StoredEntity>();
  for (const { key, entity, isNamed } of [...ofScope, ...named]) {
    const { table } = entity;
    if (table?.type !== 'table' || byTable.has(table.name.toUpperCase())) continue;
    byTable.set(table.name.toUpperCase(), { key, entity, table, isNamed });
  }
  return [...byTable.values()];
}

const neverEmptied: Record<Exclude<Entity['kind'], 'entity'>, string> = {
  static: 'a static entity, and those are never emptied',
  platform: "one of the platform's own tables, and those are never emptied",
  external: 'kept in another database',
  client: 'kept on devices',
};

/** Process instances that go, subprocesses first: whole trees whose root is of a module in scope. */
export async function processesOfScope({ spec, source, destination }: Migration): Promise<string[]> {
  const { espaces, platformTables } = destination.catalog;
  if (!platformTables.has(processTable)) return [];
  const keys = new Set([...espacesInScope(source.catalog, spec.scope)].map(({ key }) => key));
  const modules = new Set(espaces.filter(({ kind, key }) => kind === 'espace' && keys.has(key)).map(({ id }) => id));
  const definitions = new Set<string>();
  for await (const [id, espace] of platformRows(destination, processDefinitionTable, ['ID', 'ESPACE_ID'])) {
    if (modules.has(String(espace))) definitions.add(String(id));
  }
  if (definitions.size === 0) return [];
  const forest = await ProcessForest.read(destination);
  return forest.upwards(forest.treesRootedIn(definitions));
}

/** Process instances that go, by their ids. */
export interface GoingInstances {
  /** Subprocesses before those that called them. */
  processes: readonly string[];
  activities: readonly string[];
}

/** Ids of the activities of these processes. @throws DatabaseError */
export async function activitiesOf(environment: Environment, processes: readonly string[]): Promise<string[]> {
  const activities: string[] = [];
  if (processes.length === 0) return activities;
  const ofProcesses = { column: 'PROCESS_ID', ids: processes };
  for await (const [id] of platformRows(environment, activityTable, ['ID'], ofProcesses)) activities.push(String(id));
  return activities;
}

/** The tables of process instances, with how many of their rows belong to these. @throws DatabaseError */
export async function instancesToGo(
  { source, destination }: Migration,
  { processes, activities }: GoingInstances,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  if (processes.length === 0) return candidates;
  for (const instances of instanceTables) {
    const table = destination.catalog.platformTables.get(instances.table);
    const identifier = table && columnOf(table, 'ID');
    if (table?.type !== 'table' || identifier === undefined) continue;
    const owners = instances.partOf.table === activityTable ? activities : processes;
    let rows = 0;
    const ofOwners = { column: instances.partOf.column, ids: owners };
    for await (const _ of platformRows(destination, instances.table, ['ID'], ofOwners)) rows += 1;
    const key = platformTarget(source.catalog, instances.table);
    candidates.push({ key, name: `(System).${instances.name}`, table, identifier, rows, instances });
  }
  return candidates;
}
