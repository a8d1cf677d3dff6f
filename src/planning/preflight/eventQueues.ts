import type { Database } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { columnOf } from '../../outsystems/environment.ts';
import type { EventTable, Queue } from '../../plan/eventTable.ts';
import { Findings } from '../../plan/findings.ts';
import type { Plan } from '../../plan/plan.ts';
import { activityColumn, eventTables } from '../../processes/eventTables.ts';
import { countQueued, countQueues } from '../../processes/queues.ts';
import { sourceReferences } from '../drafting/sourceReferences.ts';
import { holdsReference, mainColumn, mainTable } from '../questions/conditions.ts';
import { inParallel } from '../questions/parallel.ts';
import type { Catalogs, PlanRequest } from '../questions/request.ts';
import { checkWritable, type NeededRights, type Operation } from './rights.ts';

interface PlannedEvents {
  events: EventTable[];
  queues: Queue[];
  findings: Findings;
}

/**
 * Which event tables are emptied while the run writes, so that no trigger starts anything (guide, "Disable BPT Triggers"), and to
 * which the subscriptions of migrated activities are added; and whether the queues are empty before it.
 * @throws DatabaseError
 */
export async function planEvents(request: PlanRequest, catalogs: Catalogs, plan: Plan): Promise<PlannedEvents> {
  const { spec, source, destination } = request;
  const references = sourceReferences(catalogs.source, new Map());
  const candidates = eventTables({
    ...catalogs,
    written: new Set(plan.entities.filter(({ role }) => role !== 'matched').map(({ key }) => key)),
    withSubscriptions: spec.processes !== 'none' && plan.processes !== undefined,
    targetOf: (attribute) => references.of(attribute)?.target ?? null,
  });
  const subscribed = await inParallel(candidates, (table) => hasSubscriptions(source, catalogs, table));
  const activities = plan.emptied?.find(({ holdsActivities }) => holdsActivities);
  const going = activities && { activities: { table: activities.table, identifier: activities.identifier! } };
  const events = candidates.flatMap((table, index) => {
    if (!table.silenced && !subscribed[index]) return [];
    return [{ ...table, ...(subscribed[index] ? {} : { source: null }), ...going }];
  });
  const queues = await countQueues(destination, catalogs.destination);
  const needed = await inParallel(events, (table) => rightsFor(destination, table));
  const findings = queuedEvents(request, queues).merge(await checkWritable(destination, needed.flat()));
  // Where events may wait, others may come.
  return { events, queues: spec.eventQueues === 'any' ? [] : queues, findings };
}

/** A table that is empty, and to which nothing is added, needs no rights. */
async function rightsFor(database: Database, table: EventTable): Promise<NeededRights[]> {
  const { schema, name } = table.destination;
  const operations = new Set<Operation>(table.source === null ? [] : ['SELECT', 'INSERT']);
  const [right] = await database.rights([{ schema, name }]);
  const isEmpty = right!.select && (await countQueued(database, { schema, name })) === 0;
  if (table.silenced && !isEmpty) for (const one of ['SELECT', 'INSERT', 'DELETE'] as const) operations.add(one);
  return operations.size === 0 ? [] : [{ entity: table.name, table: { schema, name }, operations: [...operations] }];
}

async function hasSubscriptions(
  database: Database,
  { source }: Catalogs,
  { source: table, entity }: EventTable,
): Promise<boolean> {
  const physical = source.entities.find(({ key }: { key: EntityKey }) => key === entity)?.eventTable;
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

/** What waits in a queue names rows by their ids and runs as soon as applications are enabled: before a run there must be nothing (trap 22). */
function queuedEvents({ spec, destination }: PlanRequest, queues: readonly Queue[]): Findings {
  const findings = new Findings();
  const mayStay = spec.eventQueues === 'any';
  for (const { name, queued } of queues.filter((queue) => queue.queued > 0)) {
    findings.add('event-queue-not-empty', { events: queued, queue: name, there: destination.name, mayStay });
  }
  return findings;
}
