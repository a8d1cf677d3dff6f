import { attributeColumnType, identifierColumnType } from './applicationTables.ts';
import { type EntityDescription, entityName } from './description.ts';
import {
  activeAttributes,
  type EnvironmentDescription,
  identifierName,
  physicalColumnName,
  physicalTableName,
} from './environments.ts';
import { booleanType, type ColumnDescription, type ColumnType, integerType, type TableDescription } from './tables.ts';

/** Entities to whose events processes listen. */
export const listenedTo = ['Sales.Order', 'Sales.Payment', '(System).User'];

/** `OSEVT_a1b_Order`: the entity's table under another prefix (docs/metamodel.md §4). */
export const eventTableName = (environment: EnvironmentDescription, described: EntityDescription): string =>
  physicalTableName(environment, described).replace(/^(OSUSR|OSSYS)_/, 'OSEVT_');

/** A trigger that matches an entity's rows with the subscriptions to their events. */
export interface EventTrigger {
  /** `OSTRG_EI__<TABLE>`. */
  name: string;
  table: string;
  eventTable: string;
  /** Columns that both tables have: what a subscription may filter by, the identifier first. */
  filters: string[];
  /** The table has a TENANT_ID. */
  hasTenant: boolean;
}

/** The subscriptions' table: no key, no identifier; each reference of the entity is a filter, NULL for any. */
export function eventTable(environment: EnvironmentDescription, described: EntityDescription): TableDescription {
  const column = (name: string, type: ColumnType): ColumnDescription => ({
    name,
    type,
    nullable: true,
    identity: false,
    hasDefault: false,
  });
  return {
    name: eventTableName(environment, described),
    columns: [
      ...['_ESPACE_ID', '_TENANT_ID', '_ACTIVITY_ID', '_PROCESS_DEF_ID'].map((name) => column(name, integerType)),
      ...['_IS_UPDATE', '_IS_LIGHT'].map((name) => column(name, booleanType)),
      column(identifierColumn(described), identifierColumnType(described)),
      ...referencesOf(environment, described).map((attribute) =>
        column(physicalColumnName(environment, described, attribute.name), attributeColumnType(attribute)),
      ),
    ],
    primaryKey: null,
    indexes: [],
    foreignKeys: [],
  };
}

export function eventTrigger(environment: EnvironmentDescription, described: EntityDescription): EventTrigger {
  const table = physicalTableName(environment, described);
  return {
    name: `OSTRG_EI__${table}`.toUpperCase(),
    table,
    eventTable: eventTableName(environment, described),
    filters: [
      identifierColumn(described),
      ...referencesOf(environment, described).map(({ name }) => physicalColumnName(environment, described, name)),
    ],
    hasTenant: described.multiTenant || entityName(described) === '(System).User',
  };
}

const identifierColumn = (described: EntityDescription) =>
  described.kind === 'platform' ? 'ID' : identifierName(described).toUpperCase();

const referencesOf = (environment: EnvironmentDescription, described: EntityDescription) =>
  activeAttributes(environment, described).filter(({ type }) => typeof type === 'object');
