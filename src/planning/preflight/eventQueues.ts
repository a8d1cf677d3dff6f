import type { Database } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
import type { EventTable, Queue } from '../../plan/eventTable.ts';
import { Findings } from '../../plan/findings.ts';
import type { EmptiedTable, PlannedEntity } from '../../plan/plan.ts';
import { activityColumn, eventTables } from '../../processes/eventTables.ts';
import { countQueued, countQueues } from '../../processes/queues.ts';
import { sourceReferences } from '../drafting/sourceReferences.ts';
import { holdsReference, mainColumn, mainTable } from '../questions/conditions.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Migration } from '../questions/request.ts';
import { checkWritable, type NeededRights, type Operation, rightsOnTable } from './rights.ts';

export interface PlannedEvents {
  events: EventTable[];
  queues: Queue[];
  findings: Findings;
}

/** What of a plan decides on event tables. */
interface EventQuestion {
  entities: readonly PlannedEntity[];
  /** Process instances are migrated, or set aside. */
  withProcesses: boolean;
  /** Tables that are emptied first. */
  emptied: readonly EmptiedTable[];
}

/**
 * Which event tables are emptied while the run writes, so that no trigger starts anything (guide, "Disable BPT
 * Triggers"), and to which the subscriptions of migrated activities are added; and whether the queues are empty before
 * it.
 * @throws DatabaseError
 */
export async function planEvents(migration: Migration, given: EventQuestion): Promise<PlannedEvents> {
  const { spec, source, destination } = migration;
  const references = sourceReferences(source.catalog, new Map());
  const candidates = eventTables({
    source: source.catalog,
    destination: destination.catalog,
    written: new Set(given.entities.filter(({ role }) => role !== 'matched').map(({ key }) => key)),
    withSubscriptions: spec.processes !== 'none' && given.withProcesses,
    targetOf: (attribute) => references.of(attribute)?.target ?? null,
  });
  const subscribed = await inParallel(candidates, async (table) => {
    return { table, isSubscribed: await hasSubscriptions(source, table) };
  });
  const activities = emptiedActivities(given.emptied);
  const events = subscribed
    .filter(({ table, isSubscribed }) => table.silenced || isSubscribed)
    .map(({ table, isSubscribed }) => ({ ...table, ...(isSubscribed ? {} : { source: null }), ...activities }));
  const queues = await countQueues(destination.database, destination.catalog);
  const needed = await inParallel(events, (table) => rightsFor(destination.database, table));
  const findings = queuedEvents(migration, queues).merge(await checkWritable(destination.database, needed.flat()));
  // Where events may wait, others may come.
  return { events, queues: spec.eventQueues === 'any' ? [] : queues, findings };
}

/** The table of activities, where some of them are deleted. */
function emptiedActivities(emptied: readonly EmptiedTable[]): Pick<EventTable, 'activities'> {
  const activities = emptied.find(({ holdsActivities }) => holdsActivities);
  if (activities === undefined) return {};
  const { name, table, identifier } = activities;
  if (identifier === null) throw new Error(`${name} has no identifier`);
  return { activities: { table, identifier } };
}

/** A table that is empty, and to which nothing is added, needs no rights. */
async function rightsFor(database: Database, table: EventTable): Promise<NeededRights[]> {
  const { schema, name } = table.destination;
  const operations = new Set<Operation>(table.source === null ? [] : ['SELECT', 'INSERT']);
  const { select } = await rightsOnTable(database, { schema, name });
  const isEmpty = select && (await countQueued(database, { schema, name })) === 0;
  if (table.silenced && !isEmpty) for (const one of ['SELECT', 'INSERT', 'DELETE'] as const) operations.add(one);
  return operations.size === 0 ? [] : [{ entity: table.name, table: { schema, name }, operations: [...operations] }];
}

async function hasSubscriptions(
  { database, catalog }: Environment,
  { source: table, entity }: EventTable,
): Promise<boolean> {
  const physical = catalog.entities.find(({ key }) => key === entity)?.eventTable;
  if (table === null || physical === null || physical === undefined) return false;
  const name = columnOf(physical, activityColumn);
  const column = physical.columns.find((one) => one.name === name);
  if (column === undefined) return false;
  const { total } = await queryOne(
    database,
    sql`select count(${mainColumn(column.name)}) as total from ${mainTable(table)} where ${holdsReference(column)}`,
    { total: integer },
  );
  return total > 0;
}

/**
 * What waits in a queue names rows by their ids and runs as soon as applications are enabled: before a run there must
 * be nothing (trap 22).
 */
function queuedEvents({ spec, destination }: Migration, queues: readonly Queue[]): Findings {
  const findings = new Findings();
  const mayStay = spec.eventQueues === 'any';
  const there = destination.database.name;
  for (const { name, queued } of queues.filter((queue) => queue.queued > 0)) {
    findings.add('event-queue-not-empty', { events: queued, queue: name, there, mayStay });
  }
  return findings;
}
