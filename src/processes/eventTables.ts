import type { PhysicalTable, TableName } from '../database/port.ts';
import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from '../outsystems/catalog.ts';
import { columnOf } from '../outsystems/environment.ts';
import { matchCatalogs } from '../outsystems/matching.ts';
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
  /** Activities travel, and their subscriptions with them. */
  withSubscriptions: boolean;
  targetOf(attribute: Attribute): EntityKey | null;
}

/** The event tables of the destination that a run empties or adds to, by name. */
export function eventTables(request: EventTableRequest): EventTable[] {
  const { source, destination, written, withSubscriptions } = request;
  const found = new Map<string, EventTable>();
  const { pairs } = matchCatalogs(source, destination);
  for (const entity of destination.entities) {
    const { key, eventTable: there } = entity;
    if (there === null || there.type !== 'table' || entity.table === null) continue;
    const pair = pairs.get(key);
    const here = pair?.source.eventTable?.type === 'table' ? pair.source.eventTable : null;
    const silenced = written.has(writtenKey(source, entity));
    const adds = withSubscriptions && here !== null && columnOf(here, activityColumn) !== undefined;
    if (!silenced && !adds) continue;
    const known = found.get(there.name);
    // Several entities may describe one platform table; its subscriptions are one set.
    if (known !== undefined) {
      known.silenced ||= silenced;
      continue;
    }
    found.set(there.name, {
      entity: key,
      name: entityName(pair?.source ?? entity),
      of: tableName(entity.table),
      destination: {
        ...tableName(there),
        columns: there.columns.filter(({ computed, identity }) => !computed && !identity).map(({ name }) => name),
      },
      source: adds ? tableName(here!) : null,
      silenced,
      ...(adds ? columnsOf(request, pair!, here!, there) : { columns: [], sourceOnly: [] }),
    });
  }
  return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

const tableName = ({ schema, name }: PhysicalTable): TableName => ({ schema, name });

/** Platform tables are planned under one key, whichever entity describes them. */
function writtenKey(source: EnvironmentCatalog, { kind, physicalTableName, key }: Entity): EntityKey {
  return kind === 'platform' && physicalTableName !== null ? platformTarget(source, physicalTableName) : key;
}

/** Columns of every event table, and whose ids they hold. */
function knownTargets(source: EnvironmentCatalog): Record<string, EntityKey | null> {
  return {
    _ESPACE_ID: platformTarget(source, 'OSSYS_ESPACE'),
    _TENANT_ID: platformTarget(source, tenantTable),
    [activityColumn]: platformTarget(source, activityTable),
    _PROCESS_DEF_ID: platformTarget(source, processDefinitionTable),
    _IS_UPDATE: null,
    _IS_LIGHT: null,
  };
}

function columnsOf(
  { source, targetOf }: EventTableRequest,
  pair: { source: Entity; destination: Entity; attributes: { source: Attribute; destination: Attribute }[] },
  here: PhysicalTable,
  there: PhysicalTable,
): Pick<EventTable, 'columns' | 'sourceOnly'> {
  const known = knownTargets(source);
  const columns: EventColumn[] = [];
  const sourceOnly: string[] = [];
  for (const { name } of here.columns) {
    if (name.toUpperCase() in known) {
      const destination = columnOf(there, name);
      if (destination === undefined) sourceOnly.push(name);
      else columns.push({ source: name, destination, target: known[name.toUpperCase()]! });
      continue;
    }
    const isIdentifier = sameName(pair.source.identifier?.column?.name, name);
    const attributes = isIdentifier
      ? { source: pair.source.identifier, destination: pair.destination.identifier }
      : pair.attributes.find((attribute) => sameName(attribute.source.column?.name, name));
    const destination = columnOf(there, attributes?.destination?.column?.name ?? name);
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
