import type { EventTrigger } from '../schema/eventTables.ts';
import type { TableDescription, Value, ViewDescription } from '../schema/tables.ts';

/** An open connection to one demo database, with the statements of its engine. One file per engine implements it. */
export interface DemoDatabase {
  /** A connection URL of the owner. */
  url: string;
  /** Creates the table without constraints: they follow the rows, which is far faster. */
  createTable(table: TableDescription): Promise<void>;
  createView(view: ViewDescription): Promise<void>;
  /** Loads rows, values in the order of the table's columns, identity values included; gives their number. */
  load(table: TableDescription, rows: Iterable<Value[]>): Promise<number>;
  /** Primary key, indexes, and the next identity value, `gap` above the largest. */
  addKeys(table: TableDescription, gap: number): Promise<void>;
  /** Once the tables referred to have their keys. */
  addForeignKeys(table: TableDescription): Promise<void>;
  /** A trigger that puts new and changed rows to which somebody subscribed into the queues (docs/metamodel.md §4). */
  createTrigger(trigger: EventTrigger): Promise<void>;
  /** Creates (or resets) a login that may only read everything and write the named tables; gives its URL. */
  createLogin(name: string, writableTables: readonly string[]): Promise<string>;
  /** Refreshes the statistics, so that estimates are there from the start. */
  analyze(): Promise<void>;
  close(): Promise<void>;
}

/** Creates a database anew (dropping one of that name) and opens it. */
export type CreateDemoDatabase = (serverUrl: string, name: string) => Promise<DemoDatabase>;
