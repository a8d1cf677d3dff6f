import type { PhysicalTable, TableName } from '../database/port.ts';
import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from '../outsystems/catalog.ts';
import { columnOf } from '../outsystems/environment.ts';
import { type EntityPair, matchCatalogs } from '../outsystems/matching.ts';
import { entityName, sameName } from '../outsystems/naming.ts';
import { platformTarget, tenantTable } from '../outsystems/platform.ts';
import type { EventColumn, EventTable } from '../plan/eventTable.ts';
import { activityTable, processDefinitionTable } from './instanceTables.ts';

/** The activity whose step an event ends or begins; start subscriptions, which publishing writes, have none. */
export const activityColumn = '_ACTIVITY_ID';

export interface EventTableRequest {
  source: EnvironmentCatalog;
  destination: EnvironmentCatalog;
  /** Keys of the entities that the run writes. */
  written: ReadonlySet<EntityKey>;
  /** Activities are migrated, and their subscriptions with them. */
  withSubscriptions: boolean;
  targetOf(attribute: Attribute): EntityKey | null;
}

/** The event tables of the destination that a run empties or adds to, by name. */
export function eventTables(request: EventTableRequest): EventTable[] {
  const { source, destination, written, withSubscriptions } = request;
  const byName = new Map<string, EventTable>();
  const { pairs } = matchCatalogs(source, destination);
  for (const entity of destination.entities) {
    const { key, eventTable } = entity;
    if (eventTable === null || eventTable.type !== 'table' || entity.table === null) continue;
    const pair = pairs.get(key);
    const silenced = written.has(writtenKey(source, entity));
    const added = withSubscriptions ? subscriptionsOf(pair) : null;
    if (!silenced && added === null) continue;
    const planned = byName.get(eventTable.name);
    // Several entities may describe one platform table; its subscriptions are one set.
    if (planned !== undefined) {
      planned.silenced ||= silenced;
      continue;
    }
    byName.set(eventTable.name, {
      entity: key,
      name: entityName(pair?.source ?? entity),
      of: tableName(entity.table),
      destination: {
        ...tableName(eventTable),
        columns: eventTable.columns.filter(({ computed, identity }) => !computed && !identity).map(({ name }) => name),
      },
      source: added === null ? null : tableName(added.table),
      silenced,
      ...(added === null ? { columns: [], sourceOnly: [] } : columnsOf(request, added, eventTable)),
    });
  }
  return [...byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Which column of an event table names the activity: its place among the table's columns, and what it refers to. */
export function activityColumnOf({ name, columns }: Pick<EventTable, 'name' | 'columns'>): {
  place: number;
  target: EntityKey;
} {
  const place = columns.findIndex(({ source }) => source.toUpperCase() === activityColumn);
  const target = columns[place]?.target;
  if (target === undefined || target === null) {
    throw new Error(`the event table of ${name} has no column ${activityColumn} that refers to activities`);
  }
  return { place, target };
}

/** Where the source keeps the subscriptions to an entity's events. */
interface SourceSubscriptions {
  pair: EntityPair;
  table: PhysicalTable;
}

/** Null where the source has none that are of activities. */
function subscriptionsOf(pair: EntityPair | undefined): SourceSubscriptions | null {
  const table = pair?.source.eventTable;
  if (pair === undefined || table?.type !== 'table' || columnOf(table, activityColumn) === undefined) return null;
  return { pair, table };
}

const tableName = ({ schema, name }: PhysicalTable): TableName => ({ schema, name });

/** Platform tables are planned under one key, whichever entity describes them. */
function writtenKey(source: EnvironmentCatalog, { kind, physicalTableName, key }: Entity): EntityKey {
  return kind === 'platform' && physicalTableName !== null ? platformTarget(source, physicalTableName) : key;
}

/** Columns of every event table, and whose ids they hold. */
function platformTargets(source: EnvironmentCatalog): Map<string, EntityKey | null> {
  return new Map([
    ['_ESPACE_ID', platformTarget(source, 'OSSYS_ESPACE')],
    ['_TENANT_ID', platformTarget(source, tenantTable)],
    [activityColumn, platformTarget(source, activityTable)],
    ['_PROCESS_DEF_ID', platformTarget(source, processDefinitionTable)],
    ['_IS_UPDATE', null],
    ['_IS_LIGHT', null],
  ]);
}

function columnsOf(
  { source, targetOf }: EventTableRequest,
  { pair, table }: SourceSubscriptions,
  destinationTable: PhysicalTable,
): Pick<EventTable, 'columns' | 'sourceOnly'> {
  const targets = platformTargets(source);
  const columns: EventColumn[] = [];
  const sourceOnly: string[] = [];
  for (const { name } of table.columns) {
    const platformTarget = targets.get(name.toUpperCase());
    if (platformTarget !== undefined) {
      const destination = columnOf(destinationTable, name);
      if (destination === undefined) sourceOnly.push(name);
      else columns.push({ source: name, destination, target: platformTarget });
      continue;
    }
    const isIdentifier = sameName(pair.source.identifier?.column?.name, name);
    const attributes = isIdentifier
      ? { source: pair.source.identifier, destination: pair.destination.identifier }
      : pair.attributes.find((attribute) => sameName(attribute.source.column?.name, name));
    const destination = columnOf(destinationTable, attributes?.destination?.column?.name ?? name);
    if (destination === undefined) {
      sourceOnly.push(name);
      continue;
    }
    const own = isIdentifier ? writtenKey(source, pair.source) : null;
    const target = own ?? (attributes?.source ? targetOf(attributes.source) : null);
    columns.push({ source: name, destination, target });
  }
  return { columns, sourceOnly };
}
