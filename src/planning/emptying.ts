import { columnOf, type Environment, nameOf } from '../alignment/environment.ts';
import { fittingIds, platformRows } from '../alignment/platformTable.ts';
import { idsOfRows } from '../alignment/referredIds.ts';
import type { Database, PhysicalTable, TableName } from '../database/port.ts';
import { IdSet } from '../identity/idSet.ts';
import type { Entity, EntityKey, EnvironmentCatalog } from '../outsystems/catalog.ts';
import { matchCatalogs } from '../outsystems/matching.ts';
import { findEntity } from '../outsystems/naming.ts';
import { platformTarget } from '../outsystems/platform.ts';
import { sameName } from '../outsystems/references.ts';
import type { ReferringColumn } from '../outsystems/referringColumns.ts';
import { entitiesInScope, espacesInScope } from '../outsystems/scope.ts';
import { activityColumn } from '../processes/eventTables.ts';
import { ProcessForest } from '../processes/forest.ts';
import {
  activityTable,
  type InstanceTable,
  instanceTables,
  processDefinitionTable,
  processTable,
} from '../processes/tables.ts';
import { deletionOrder, type Holding } from './deletionOrder.ts';
import { PlanningError } from './errors.ts';
import { countAll } from './facts.ts';
import { addFindings, countOf, type Findings, noFindings } from './findings.ts';
import { inParallel } from './parallel.ts';
import type { ColumnOf, EmptiedTable } from './plan.ts';
import type { Catalogs, PlanRequest } from './request.ts';
import { checkWritable, type NeededRights, type Operation } from './rights.ts';
import { quoteFor, tableText } from './statements.ts';

/** What a run deletes in the destination before it writes. */
export interface PlannedEmptying {
  /** In the order in which they are emptied. */
  tables: EmptiedTable[];
  /** Ids of the process instances that go. */
  processes: string[];
  findings: Findings;
}

/** What goes of each table, by its upper-case name: all of it, or the rows with these ids. */
export type Emptied = Map<string, 'all' | IdSet>;

/** A table to be emptied, before it is known in which order. */
interface Candidate {
  key: EntityKey;
  name: string;
  table: PhysicalTable;
  identifier: string | null;
  rows: number;
  instances: InstanceTable | null;
}

const ids = { rows: 5_000, bytes: 4 * 1024 * 1024 };

/**
 * What `destinationData: delete` empties: the entities of the scope, those that the spec names beside it, and the process instances
 * whose root is of a module in scope; never platform tables, static entities or users (guide, "Destination Entities Data").
 * Whatever else refers to rows that would go stands in the way. Nothing is written.
 * @throws PlanningError for a name under `alsoDelete` that is never emptied; DatabaseError
 */
export async function planEmptying(
  request: PlanRequest,
  catalogs: Catalogs,
  referring: ReadonlyMap<string, ReferringColumn[]>,
): Promise<PlannedEmptying & { emptied: Emptied }> {
  const { destination } = request;
  const environment: Environment = { database: destination, catalog: catalogs.destination };
  const findings = noFindings();
  const processes = await processesOfScope(request, catalogs, environment);
  const activities = await activitiesOf(environment, processes);
  const whole = await wholeTables(request, catalogs);
  addFindings(findings, whole.findings);
  const candidates = [
    ...whole.candidates,
    ...(processes.length === 0 ? [] : await instancesToGo(catalogs.source, environment, processes, activities)),
  ];
  const emptied: Emptied = new Map(
    candidates.map(({ table, instances }) => [table.name.toUpperCase(), instances === null ? 'all' : new IdSet()]),
  );
  fillSet(emptied.get(processTable), processes);
  fillSet(emptied.get(activityTable), activities);

  const { order, nulled, stuck } = deletionOrder(candidates.length, holdings(candidates));
  for (const tables of stuck) {
    findings.blocking.push({
      code: 'cannot-empty',
      entity: candidates[tables[0]!]!.name,
      message: `${tables.map((table) => candidates[table]!.name).join(', ')} refer to each other in columns that take no NULL: none of them can be emptied first; delete their rows by hand`,
    });
  }
  const outside = await outsideReferences(environment, candidates, emptied, referring);
  for (const one of outside.filter(({ rows }) => rows > 0)) findings.blocking.push(refusal(environment, one));
  addFindings(findings, await outsideValues(environment, candidates, emptied));
  const subscriptions = await subscriptionColumns(environment, activities);
  const tables = order.map((number): EmptiedTable => {
    const { key, name, table, identifier, rows, instances } = candidates[number]!;
    return {
      key,
      name,
      table: { schema: table.schema, name: table.name },
      identifier,
      rows,
      nulled: nulled.get(number) ?? [],
      ...(instances === null ? {} : { instances: selectionOf(table, instances) }),
      ...(instances?.table === activityTable ? { holdsActivities: true, subscriptions } : {}),
      cascades: outside
        .filter(({ target, by }) => target === candidates[number] && by.onDelete === 'cascade')
        .map(({ by }) => ({ schema: by.table.schema, table: by.table.name, column: by.column })),
    };
  });
  addFindings(findings, await checkWritable(destination, tables.flatMap(rightsFor)));
  return { tables, processes, findings, emptied };
}

function fillSet(set: 'all' | IdSet | undefined, members: readonly string[]): void {
  if (set instanceof IdSet) for (const id of members) set.add(id);
}

/**
 * The entities of the scope and those that the spec names beside it, as the destination has them. Those of the scope that the
 * login may not read are left to the plan's own findings.
 */
async function wholeTables(
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
    return { entity: nameOf(entity), table: tableName(entity.table!), operations: ['SELECT', 'DELETE'] };
  });
  const quote = quoteFor(destination);
  const readable = entities.filter((_, index) => rights[index]!.select);
  const candidates = await inParallel(
    readable,
    async ({ key, entity }): Promise<Candidate> => ({
      key,
      name: nameOf(entity),
      table: entity.table!,
      identifier: entity.identifier?.column?.name ?? null,
      rows: await countAll(destination, quote, entity.table!),
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

/** Process instances that go: whole trees whose root is of a module in scope. */
async function processesOfScope(
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
  const trees = forest.treesRootedIn(definitions);
  return [...forest.processes()].filter(({ tree }) => trees.has(tree)).map(({ id }) => id);
}

async function activitiesOf(environment: Environment, processes: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  if (processes.length === 0) return found;
  const some = { column: 'PROCESS_ID', ids: processes };
  for await (const [id] of platformRows(environment, activityTable, ['ID'], some)) found.push(String(id));
  return found;
}

async function instancesToGo(
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

const selectionOf = (table: PhysicalTable, { partOf }: InstanceTable): NonNullable<EmptiedTable['instances']> => ({
  column: columnOf(table, partOf.column)!,
  of: partOf.table === activityTable ? 'activities' : 'processes',
});

/** Constraints between the tables that are emptied, and what tells the rows of an instance from others. */
function holdings(candidates: readonly Candidate[]): Holding[] {
  const numbers = new Map(candidates.map(({ table }, number) => [table.name.toUpperCase(), number]));
  return candidates.flatMap(({ table, identifier, instances }, from) => {
    const constraints = table.foreignKeys.flatMap(({ column, target, enabled }): Holding[] => {
      const to = numbers.get(target.toUpperCase());
      if (to === undefined || !enabled) return [];
      const physical = table.columns.find(({ name }) => sameName(name, column));
      return [{ from, to, column, hard: physical?.nullable === false || sameName(identifier ?? undefined, column) }];
    });
    const owner = instances === null ? undefined : numbers.get(instances.partOf.table);
    if (owner === undefined || owner === from) return constraints;
    // Rows of an instance are found by their owner, which therefore goes later.
    const isOwner = ({ to, column }: Holding) => to === owner && sameName(column, instances!.partOf.column);
    return [
      ...constraints.filter((holding) => !isOwner(holding)),
      { from, to: owner, column: instances!.partOf.column, hard: true },
    ];
  });
}

/** Rows that stay and refer to rows that go. */
interface OutsideReference {
  target: Candidate;
  by: ReferringColumn;
  rows: number;
}

async function outsideReferences(
  { database }: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
  referring: ReadonlyMap<string, ReferringColumn[]>,
): Promise<OutsideReference[]> {
  const found = candidates.flatMap((target) =>
    (referring.get(target.table.name.toUpperCase()) ?? [])
      .filter(({ table }) => !emptied.has(table.name.toUpperCase()))
      .map((by) => ({ target, by })),
  );
  const readable = await database.rights(found.map(({ by }) => tableName(by.table)));
  return inParallel(
    found.map((one, index) => ({ ...one, mayRead: readable[index]!.select })),
    async ({ target, by, mayRead }) => {
      // What cannot be counted may be there.
      if (!mayRead) return { target, by, rows: Number.NaN };
      return { target, by, rows: await referringRows(database, target, by, emptied) };
    },
  );
}

async function referringRows(
  database: Database,
  { table: target, identifier }: Candidate,
  { table, column }: ReferringColumn,
  emptied: Emptied,
): Promise<number> {
  const goes = emptied.get(target.name.toUpperCase())!;
  if (goes !== 'all') {
    let rows = 0;
    for await (const id of idsOfRows(database, { table: tableName(table), column, target: '' })) {
      if (goes.has(id)) rows += 1;
    }
    return rows;
  }
  if (identifier === null) return 0;
  const quote = quoteFor(database);
  const text = (one: TableName) => tableText(quote, one).replaceAll('?', '??');
  const [held, key] = [column, identifier].map((name) => quote(name).replaceAll('?', '??'));
  const kindOf = ({ columns }: PhysicalTable, wanted: string) => columns.find(({ name }) => name === wanted)?.kind;
  const same = kindOf(table, column) === kindOf(target, identifier);
  // Values of another kind cannot be compared; they mean something all the same.
  const exists = same ? `exists (select 1 from ${text(target)} e where e.${key} = t.${held})` : `t.${held} is not null`;
  const [row] = await database.query(`select count(*) from ${text(table)} t where ${exists}`);
  return Number(row![0]);
}

const tableName = ({ schema, name }: PhysicalTable): TableName => ({ schema, name });

function refusal({ catalog }: Environment, { target, by, rows }: OutsideReference) {
  const { table, column, entity, onDelete } = by;
  const name = entity === null ? table.name : nameOf(entity);
  const along = onDelete === 'cascade' ? ', and would be deleted with them' : '';
  const ways =
    entity?.kind === 'entity'
      ? `widen the scope, name "${name}" under "alsoDelete", or remove those rows`
      : 'widen the scope or remove those rows';
  const known = Number.isNaN(rows)
    ? `the login of '${catalog.environment}' may not read ${name}, which may refer to its rows by ${column}${along}; grant SELECT on ${table.name}`
    : `${countOf(rows, 'row')} of ${name} outside the scope ${rows === 1 ? 'refers' : 'refer'} to its rows by ${column}${along}; ${ways}`;
  return { code: 'outside-rows-refer', entity: target.name, message: known };
}

/** Values of process instances that stay, and that name rows that go: no constraint knows of them (trap 23). */
async function outsideValues(
  { database, catalog }: Environment,
  candidates: readonly Candidate[],
  emptied: Emptied,
): Promise<Findings> {
  const findings = noFindings();
  const byType = new Map(
    candidates.filter(({ instances }) => instances === null).map((candidate) => [`bt${candidate.key}`, candidate]),
  );
  const quote = quoteFor(database);
  for (const { table, name, value, partOf } of instanceTables) {
    const physical = catalog.platformTables.get(table);
    const columns =
      physical && value && [value.column, value.type, partOf.column].map((one) => columnOf(physical, one));
    if (physical?.type !== 'table' || !columns || columns.includes(undefined)) continue;
    const [held, type, owner] = columns as [string, string, string];
    const typeText = `lower(${quote(type).replaceAll('?', '??')})`;
    const from = tableText(quote, physical).replaceAll('?', '??');
    const used = await database.query(`select distinct ${typeText} from ${from} where ${typeText} like 'bt%'`);
    if (!used.some(([one]) => byType.has(String(one)))) continue;
    const named = new Map<Candidate, Map<string, number>>();
    const goes = emptied.get(partOf.table);
    const read = { table: tableName(physical), columns: [held, type, owner], key: null, batch: ids };
    for await (const rows of database.readRows(read)) {
      for (const [id, ofType, of] of rows) {
        const candidate = ofType === null ? undefined : byType.get(String(ofType).toLowerCase());
        if (candidate === undefined || id === null || id === undefined || id === '' || id === '0') continue;
        if (goes instanceof IdSet && of !== null && goes.has(String(of))) continue;
        const counts = named.get(candidate) ?? new Map<string, number>();
        named.set(candidate, counts.set(String(id), (counts.get(String(id)) ?? 0) + 1));
      }
    }
    for (const [candidate, counts] of named) {
      const rows = await countPresent(database, candidate, counts);
      if (rows === 0) continue;
      findings.blocking.push({
        code: 'outside-rows-refer',
        entity: candidate.name,
        message: `${countOf(rows, 'value')} in (System).${name} of process instances outside the scope ${rows === 1 ? 'names' : 'name'} its rows; widen the scope or remove those instances`,
      });
    }
  }
  return findings;
}

/** How many of these mentions mean a row that is there. */
async function countPresent(
  database: Database,
  { table, identifier }: Candidate,
  counts: ReadonlyMap<string, number>,
): Promise<number> {
  if (identifier === null) return 0;
  const asked = fittingIds(table.columns.find(({ name }) => name === identifier)!, counts.keys());
  let rows = 0;
  for (let at = 0; at < asked.length; at += ids.rows) {
    const some = asked.slice(at, at + ids.rows);
    const present = await database.transaction((transaction) =>
      transaction.existingKeys(tableName(table), identifier, some),
    );
    for (const id of present) rows += counts.get(id)!;
  }
  return rows;
}

/** Columns of event tables that name activities that go. */
async function subscriptionColumns(
  { database, catalog }: Environment,
  activities: readonly string[],
): Promise<ColumnOf[]> {
  if (activities.length === 0) return [];
  const tables = new Map(
    catalog.entities.flatMap(({ eventTable }) => (eventTable === null ? [] : [[eventTable.name, eventTable]])),
  );
  const going = new IdSet();
  fillSet(going, activities);
  const found: ColumnOf[] = [];
  for (const table of tables.values()) {
    const column = columnOf(table, activityColumn);
    if (table.type !== 'table' || column === undefined) continue;
    for await (const id of idsOfRows(database, { table: tableName(table), column, target: '' })) {
      if (!going.has(id)) continue;
      found.push({ schema: table.schema, table: table.name, column });
      break;
    }
  }
  return found;
}

function rightsFor({ name, table, nulled, subscriptions = [] }: EmptiedTable): NeededRights[] {
  const operations: Operation[] = nulled.length > 0 ? ['DELETE', 'UPDATE'] : ['DELETE'];
  return [
    { entity: name, table, operations },
    ...subscriptions.map(({ schema, table: ofEvents }) => ({
      entity: name,
      table: { schema, name: ofEvents },
      operations: ['SELECT', 'DELETE'] as Operation[],
    })),
  ];
}
