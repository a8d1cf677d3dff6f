import type { TableName } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/**
 * A table of subscriptions to an entity's events (OSEVT_*, docs/metamodel.md §4). A trigger on the entity's table
 * matches new and changed rows with it and fills the queues: while it is empty, nothing is started (trap 18).
 */
export interface EventTable {
  entity: EntityKey;
  /** `Espace.Entity`. */
  name: string;
  /** The entity's own table in the destination. */
  of: TableName;
  destination: TableName & { columns: string[] };
  /** Where the source keeps its subscriptions; null where none are to be added. */
  source: TableName | null;
  /** The run writes the entity: the table is emptied meanwhile. */
  silenced: boolean;
  /** The run deletes activities of this table: subscriptions of those that are gone are not given back. */
  activities?: { table: TableName; identifier: string };
  /** How the source's subscriptions are translated. */
  columns: EventColumn[];
  /** Filters of the source that the destination's table has no column for. */
  sourceOnly: string[];
}

export interface EventColumn {
  source: string;
  destination: string;
  /** What the column holds ids of; null for flags. */
  target: EntityKey | null;
}

/** A queue of the destination, and how many events wait in it. */
export interface Queue extends TableName {
  queued: number;
}
