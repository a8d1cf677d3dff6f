import { idsOfRows } from '../../alignment/idsReferredTo.ts';
import type { PhysicalTable } from '../../database/port.ts';
import { IdSet } from '../../identity/idSet.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import { sameName } from '../../outsystems/naming.ts';
import type { ReferringColumn } from '../../outsystems/referringColumns.ts';
import { Findings } from '../../plan/findings.ts';
import type { ColumnOf, EmptiedTable } from '../../plan/plan.ts';
import { activityColumn } from '../../processes/eventTables.ts';
import { activityTable, type InstanceTable, processTable } from '../../processes/instanceTables.ts';
import { destinationReferences } from '../drafting/destinationReferences.ts';
import { checkWritable, type NeededRights, type Operation } from '../preflight/rights.ts';
import { asPlanningError } from '../questions/errors.ts';
import type { Migration } from '../questions/request.ts';
import {
  activitiesOf,
  type Candidate,
  type Emptied,
  type GoingInstances,
  instancesToGo,
  processesOfScope,
  tableName,
  wholeTables,
} from './candidates.ts';
import { deletionOrder, type Holding } from './deletionOrder.ts';
import { addRefusal, type OutsideReference, outsideReferences, outsideValues } from './outsideRows.ts';

/** What a run deletes in the destination before it writes. */
export interface PlannedEmptying {
  /** In the order in which they are emptied; null where the spec has nothing deleted. */
  tables: EmptiedTable[] | null;
  /** Ids of the process instances that go, subprocesses before those that called them. */
  processes: readonly string[];
  /** The same by table. */
  emptied: Emptied;
  findings: Findings;
}

/** What the spec has deleted. @throws PlanningError for a name that is never emptied; DatabaseError */
export async function planEmptying(migration: Migration): Promise<PlannedEmptying> {
  const { alsoDelete, destinationData } = migration.spec;
  if (destinationData === 'delete') {
    const referring = await destinationReferences(migration);
    return asPlanningError(() => planDeletion(migration, referring));
  }
  const findings = new Findings();
  // Names mean nothing where nothing is deleted.
  if (alsoDelete.length > 0) findings.add('nothing-deleted', { named: alsoDelete, destinationData });
  return { tables: null, processes: [], emptied: new Map(), findings };
}

/**
 * What `destinationData: delete` empties: the entities of the scope, those that the spec names beside it, and the
 * process instances whose root is of a module in scope; never platform tables, static entities or users (guide,
 * "Destination Entities Data"). Whatever else refers to rows that would go stands in the way. Nothing is written.
 */
async function planDeletion(
  migration: Migration,
  referring: ReadonlyMap<string, ReferringColumn[]>,
): Promise<PlannedEmptying> {
  const { destination } = migration;
  const processes = await processesOfScope(migration);
  const going = { processes, activities: await activitiesOf(destination, processes) };
  const whole = await wholeTables(migration);
  const candidates = [...whole.candidates, ...(await instancesToGo(migration, going))];
  const emptied = emptiedOf(candidates, going);
  const outside = await outsideReferences(destination, candidates, emptied, referring);
  const values = await outsideValues(destination, candidates, emptied);
  const subscriptions = await subscriptionColumns(destination, going);
  const { order, nulled, stuck } = deletionOrder(candidates.length, holdings(candidates));
  const tables = order.map((number) => {
    return emptiedTable(candidates[number]!, { nulled: nulled.get(number) ?? [], outside, subscriptions });
  });
  const rights = await checkWritable(destination.database, tables.flatMap(rightsFor));
  const circles = stuck.map((numbers) => numbers.map((number) => candidates[number]!.name));
  const findings = new Findings().merge(whole.findings, cannotEmpty(circles), refusals(destination, outside));
  return { tables, processes, emptied, findings: findings.merge(values, rights) };
}

function emptiedOf(candidates: readonly Candidate[], { processes, activities }: GoingInstances): Emptied {
  const idsIn = (table: string) => (table === processTable ? processes : table === activityTable ? activities : []);
  return new Map(
    candidates.map(({ table, instances }) => {
      const name = table.name.toUpperCase();
      return [name, instances === null ? 'all' : idSet(idsIn(name))];
    }),
  );
}

function idSet(ids: readonly string[]): IdSet {
  const set = new IdSet();
  for (const id of ids) set.add(id);
  return set;
}

/** Tables that no order can empty, by the names of their entities. */
function cannotEmpty(circles: readonly string[][]): Findings {
  const findings = new Findings();
  for (const tables of circles) findings.add('cannot-empty', { entity: tables[0]!, tables });
  return findings;
}

function refusals(destination: Environment, outside: readonly OutsideReference[]): Findings {
  const findings = new Findings();
  for (const reference of outside) addRefusal(findings, destination, reference);
  return findings;
}

/** @param around what the table's rows meet when they go. */
function emptiedTable(
  candidate: Candidate,
  around: { nulled: string[]; outside: readonly OutsideReference[]; subscriptions: ColumnOf[] },
): EmptiedTable {
  const { key, name, table, identifier, rows, instances } = candidate;
  const cascades = around.outside.filter(({ target, by }) => target === candidate && by.onDelete === 'cascade');
  return {
    key,
    name,
    table: { schema: table.schema, name: table.name },
    identifier,
    rows,
    nulled: around.nulled,
    ...(instances === null ? {} : { instances: selectionOf(table, instances) }),
    ...(instances?.table === activityTable ? { holdsActivities: true, subscriptions: around.subscriptions } : {}),
    cascades: cascades.map(({ by }) => ({ schema: by.table.schema, table: by.table.name, column: by.column })),
  };
}

function selectionOf(table: PhysicalTable, { partOf }: InstanceTable): NonNullable<EmptiedTable['instances']> {
  const column = columnOf(table, partOf.column);
  if (column === undefined) throw new Error(`the table ${table.name} has no column ${partOf.column}`);
  return { column, of: partOf.table === activityTable ? 'activities' : 'processes' };
}

/** Constraints between the tables that are emptied, and what tells the rows of an instance from others. */
function holdings(candidates: readonly Candidate[]): Holding[] {
  const numbers = new Map(candidates.map(({ table }, number) => [table.name.toUpperCase(), number]));
  return candidates.flatMap((candidate, from) => {
    const constraints = constraintsOf(candidate, from, numbers);
    if (candidate.instances === null) return constraints;
    const { partOf } = candidate.instances;
    const owner = numbers.get(partOf.table);
    if (owner === undefined || owner === from) return constraints;
    // Rows of an instance are found by their owner, which therefore goes later.
    const others = constraints.filter(({ to, column }) => to !== owner || !sameName(column, partOf.column));
    return [...others, { from, to: owner, column: partOf.column, hard: true }];
  });
}

function constraintsOf(
  { table, identifier, instances }: Candidate,
  from: number,
  numbers: ReadonlyMap<string, number>,
): Holding[] {
  return table.foreignKeys.flatMap(({ column, target, enabled }) => {
    const to = numbers.get(target.toUpperCase());
    if (to === undefined || !enabled) return [];
    // Processes go one after the other, subprocesses first: without these links a tree that is half gone would not be
    // known for one.
    if (to === from && instances?.table === processTable) return [];
    const physical = table.columns.find(({ name }) => sameName(name, column));
    return [{ from, to, column, hard: physical?.nullable === false || sameName(identifier ?? undefined, column) }];
  });
}

/** Columns of event tables that name activities that go. */
async function subscriptionColumns(
  { database, catalog }: Environment,
  { activities }: GoingInstances,
): Promise<ColumnOf[]> {
  const columns: ColumnOf[] = [];
  if (activities.length === 0) return columns;
  const tables = new Map(
    catalog.entities.flatMap(({ eventTable }) => (eventTable === null ? [] : [[eventTable.name, eventTable]])),
  );
  const going = idSet(activities);
  for (const table of tables.values()) {
    const column = columnOf(table, activityColumn);
    if (table.type !== 'table' || column === undefined) continue;
    const named = idsOfRows(database, { table: tableName(table), column, target: '' });
    if (await holdsAny(named, going)) columns.push({ schema: table.schema, table: table.name, column });
  }
  return columns;
}

async function holdsAny(ids: AsyncIterable<string>, going: IdSet): Promise<boolean> {
  for await (const id of ids) if (going.has(id)) return true;
  return false;
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
