import type { Database } from '../../src/database/port.ts';
import type { Sql } from '../../src/database/sql.ts';

/**
 * The benchmark's environment: one application with `Order` (12 columns; references to a customer, a user and a static
 * status), its customers, its statuses and its users, who have a role each, as bare as the metamodel allows. Ids, names
 * and codes differ by `side`.
 */
export interface BenchSide {
  code: string;
  /** Added to every id of platform rows. */
  offset: number;
  /** Rows to fill in; the destination gets none. */
  orders: number;
  customers: number;
  /** Users there: the first so many of all. */
  users: number;
  /** Users of the source: orders refer to each of them. */
  allUsers: number;
  /** Columns of an ordinary entity beside the orders. */
  plain?: [string, TypeWord][];
}

export type TypeWord = 'integer' | 'long' | 'text' | 'email' | 'dateTime' | 'currency' | 'decimal' | 'boolean';

export interface Measured {
  rows: number;
  seconds: number;
}

/** What the benchmark needs of an engine. */
export interface BenchEngine {
  /** What the floor is, in words. */
  floor: string;
  types: Record<TypeWord, string>;
  /** The literal. */
  no: string;
  /** Types of identifiers that the engine mints. */
  identity: Record<'integer' | 'long', string>;
  /** Statements around the insert of rows that bring such identifiers with them. */
  withIds(table: string): { before: Sql[]; after: Sql[] };
  /** Creates a database anew. @returns its URL. */
  recreateDatabase(name: string): Promise<string>;
  /** Customers and orders: one in ten ids is missing, as after years of deletions; the columns look like an order's. */
  fill(database: Database, side: BenchSide): Promise<void>;
  analyze(database: Database): Promise<void>;
  /** Empties the table, which nothing refers to. */
  empty(url: string, table: string): Promise<void>;
  /** Copies a table's rows as fast as the engine lets a client, into the same table with its constraints. */
  copyTable(source: string, target: string, table: string): Promise<void>;
  /** Inserts rows one by one, awaiting each one's new id. */
  insertEach(source: string, target: string, table: string, columns: string[], rows: number): Promise<void>;
  /** Bytes. */
  databaseSize(url: string): Promise<number>;
}
