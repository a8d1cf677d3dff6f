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
import { checkWritable, type NeededRights, type Operation } from '../preflight/rights.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';
import {
  activitiesOf,
  type Candidate,
  type Emptied,
  instancesToGo,
  processesOfScope,
  tableName,
  wholeTables,
} from './candidates.ts';
import { deletionOrder, type Holding } from './deletionOrder.ts';
import { addRefusal, outsideReferences, outsideValues } from './outsideRows.ts';

/** What a run deletes in the destination before it writes. */
export interface PlannedEmptying {
  /** In the order in which they are emptied. */
  tables: EmptiedTable[];
  /** Ids of the process instances that go, subprocesses before those that called them. */
  processes: string[];
  findings: Findings;
}

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
  const findings = new Findings();
  const processes = await processesOfScope(request, catalogs, environment);
  const activities = await activitiesOf(environment, processes);
  const whole = await wholeTables(request, catalogs);
  findings.merge(whole.findings);
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
    const names = tables.map((table) => candidates[table]!.name);
    findings.add('cannot-empty', { entity: names[0]!, tables: names });
  }
  const outside = await outsideReferences(environment, candidates, emptied, referring);
  for (const one of outside) addRefusal(findings, environment, one);
  findings.merge(await outsideValues(environment, candidates, emptied));
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
  findings.merge(await checkWritable(destination, tables.flatMap(rightsFor)));
  return { tables, processes, findings, emptied };
}

function fillSet(set: 'all' | IdSet | undefined, members: readonly string[]): void {
  if (set instanceof IdSet) for (const id of members) set.add(id);
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
      // Processes go one after the other, subprocesses first: without these links a tree that is half gone would not be known for one.
      if (to === from && instances?.table === processTable) return [];
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
