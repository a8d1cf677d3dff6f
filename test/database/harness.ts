import type { Database, EngineName, Queries } from '../../src/database/port.ts';
import { queryOne } from '../../src/database/queries.ts';
import { integer } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';

/** Column types of test tables in neutral words; a harness knows its engine's. */
export type TestType =
  | 'identity'
  | 'bigint'
  | 'integer'
  | 'decimal(37,8)'
  | 'boolean'
  | 'text'
  | 'text(50)'
  /** Compared regardless of case. */
  | 'caseless text(50)'
  | 'binary'
  | 'datetime'
  | 'date'
  | 'time'
  | 'float'
  | 'uuid';

export interface TestColumn {
  name: string;
  type: TestType;
  /** Nullable unless it is in the primary key or says otherwise. */
  required?: true;
  /** As a literal of SQL; bytes as hexadecimal digits. */
  default?: string;
}

export interface TestTable {
  name: string;
  columns: TestColumn[];
  primaryKey?: string[];
  unique?: { name: string; columns: string[] };
  index?: { name: string; columns: string[] };
  references?: { name: string; column: string; table: string; targetColumn: string; cascade: boolean }[];
  /** After each insert, a row goes into this table, whose `ID` is an identity of its own. */
  trigger?: { name: string; insertsInto: string };
}

export interface Capabilities {
  /** Names come back as they were written: neither folded nor made unique with a suffix. */
  keepNames: boolean;
  /** Names may hold every character, a closing bracket too, and are as long as the engine's documentation says. */
  takeEveryName: boolean;
  /** U+0000 and half of a surrogate pair. */
  holdEveryText: boolean;
  /** Errors about names and rights have numbers of their own. */
  numberErrors: boolean;
  /** A login that may only read and write rows sees where the counter of an identity stands. */
  showIdentities: boolean;
}

/** A database of a test's own, with its tables, and logins to it. */
export interface TestDatabase {
  schema: string;
  /** What the server can; tests leave out what it cannot, by what it can and never by its name. */
  can: Capabilities;
  ownerUrl: string;
  /** Of the login that may read and write rows. */
  rowsUrl: string;
  /** May do everything. */
  owner: Database;
  /** SELECT, INSERT, UPDATE, DELETE and temporary tables, nothing else: what every test uses unless it says so. */
  rows: Database;
  /** The same login, opened read-only. */
  readOnly: Database;
  /** Another connection pool of the row login, as another process would have it. */
  another(): Database;
  revoke(table: string, right: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'): Promise<void>;
  /** Lets the counter of an identity column go on from `next`. */
  restartIdentity(table: string, column: string, next: number): Promise<void>;
  /** Ends every connection of the row login from the server's side. */
  cutConnections(): Promise<void>;
  /** Connections the row login has open. */
  openConnections(): Promise<number>;
  drop(): Promise<void>;
}

export interface DatabaseHarness {
  engine: EngineName;
  create(tables: TestTable[]): Promise<TestDatabase>;
  /** A database at an address where nothing listens, and one with a wrong password. */
  unreachable(): Database;
  wrongPassword(): Database;
}

/** The least there is to ask. @returns 1 */
export async function askForOne(queries: Queries): Promise<number> {
  return (await queryOne(queries, sql`select 1 as one`, { one: integer })).one;
}

/** Rows of a table. */
export async function countRows(queries: Queries, table: string): Promise<number> {
  const statement = sql`select ${sql.countOfRows} as total from ${sql.id(table)}`;
  return (await queryOne(queries, statement, { total: integer })).total;
}
