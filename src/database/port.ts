/**
 * What the engine above needs of a database, and nothing more. Two adapters implement it, `postgres/` and
 * `sqlserver/`; the code above cannot tell them apart. No word of OutSystems appears below this line.
 */

import type { Shape, Shaped } from './shape.ts';
import type { Sql } from './sql.ts';
import type { ColumnName, EngineName, Row, TableName } from './values.ts';

export type { Cell, ColumnName, EngineName, Parameter, Row, TableName } from './values.ts';

export type ColumnKind =
  | 'integer'
  | 'decimal'
  | 'float'
  | 'boolean'
  | 'text'
  | 'binary'
  | 'datetime'
  | 'date'
  | 'time'
  | 'uuid'
  | 'other';

export interface PhysicalColumn {
  /** Exactly as the catalog writes it. */
  name: string;
  kind: ColumnKind;
  /** As the engine declares it, ready to be used in DDL: `character varying(50)`, `nvarchar(50)`, `decimal(37,8)`. */
  type: string;
  /** Characters (text) or bytes (binary); null where unlimited or not applicable. */
  length: number | null;
  precision: number | null;
  scale: number | null;
  nullable: boolean;
  /** The engine mints its values. */
  identity: boolean;
  /** Computed by the engine: never written. */
  computed: boolean;
  /** The engine's own default expression, or null. */
  default: string | null;
  collation: string | null;
}

export interface PhysicalForeignKey {
  name: string;
  column: string;
  /** Schema-less name of the table referred to. */
  target: string;
  targetColumn: string;
  onDelete: 'restrict' | 'cascade' | 'other';
  enabled: boolean;
  /** Every row that is there was checked against it. */
  trusted: boolean;
}

export interface PhysicalIndex {
  name: string;
  columns: string[];
  unique: boolean;
}

export interface PhysicalTable {
  /** Exactly as the catalog writes it. */
  schema: string;
  name: string;
  type: 'table' | 'view';
  columns: PhysicalColumn[];
  primaryKey: string[];
  foreignKeys: PhysicalForeignKey[];
  indexes: PhysicalIndex[];
  triggers: { name: string; enabled: boolean }[];
  /** Estimate from the engine's statistics; null where unknown. */
  estimatedRows: number | null;
}

/** What the server says of itself and of the database; null where it has no such thing or does not say. */
export interface ServerFacts {
  /** `16.0.4165.4`, `18.4`; its first part is what has to agree. */
  version: string;
  edition: string | null;
  compatibilityLevel: number | null;
  collation: string | null;
  recoveryModel: string | null;
  /** Free space in the transaction log, bytes. */
  freeLog: number | null;
  /** Reading may wait for those who write. */
  readsWait: boolean;
  /** Sessions of others in this database. */
  otherSessions: number | null;
  /** The server's clock, as applications write it: `YYYY-MM-DDTHH:MM:SS`. */
  now: string | null;
}

export interface RowRead {
  table: TableName;
  columns: string[];
  /** Rows come in ascending order of this column; null reads all rows in no order. */
  key: string | null;
  /** Read only rows whose key is greater than this. */
  after?: string | null;
  /** Read only rows whose key is at most this. */
  upTo?: string | null;
  /** Read only rows that have a value in at least one of these columns. */
  anyNotNull?: string[];
  /** Read only the rows with these keys (needs `key`; in any number, in any order). */
  keys?: string[];
  /** Read only the rows that have one of these keys in this column (needs `key`, and no `keys`). */
  among?: { column: string; keys: string[] };
  /** Read no more than so many rows, the first by `key`: what a sample needs is asked for, not read and thrown away. */
  limit?: number;
  /** Bounds of one array of rows; a single row larger than `bytes` comes alone. */
  batch: { rows: number; bytes: number };
}

export interface StagedColumn {
  /** Column of the destination table, whose type the staged column takes. */
  name: string;
}

/** Rows waiting in a temporary table of the transaction, numbered in the order they were given. */
export interface Stage {
  table: TableName;
  columns: string[];
  rows: number;
}

/** A staged row, by its number, and a row of the table that equals it. */
export interface StageMatch {
  row: number;
  cells: Row;
}

/** New identifiers of a batch, ascending: `first, first+1, …` when contiguous, else each one. */
export type MintedIds = { first: bigint; count: number } | bigint[];

export interface Queries {
  readonly engine: EngineName;
  /**
   * Runs one statement and gives its rows, each column read as the shape says. For small results only.
   * @throws DatabaseError
   */
  query<S extends Shape>(statement: Sql, shape: S): Promise<Shaped<S>[]>;
  /** Runs one statement and gives the number of rows it touched, those of triggers left out. @throws DatabaseError */
  execute(statement: Sql): Promise<number>;
  /** The server's own clock: milliseconds since 1970. */
  now(): Promise<number>;
}

export interface Transaction extends Queries {
  /**
   * Takes an exclusive lock by name until the transaction ends.
   * @throws DatabaseError `lockTimeout` when somebody else still holds it after `waitMs`.
   */
  lock(resource: string, waitMs: number): Promise<void>;
  /** Like `lock`, but says false when somebody else still holds it. */
  tryLock(resource: string, waitMs: number): Promise<boolean>;
  /** Largest value of an integer column, null for an empty table. */
  maximum(table: TableName, column: string): Promise<bigint | null>;
  count(table: TableName): Promise<number>;
  /** Which of these keys the table holds, in the destination's own collation; returned as given. */
  existingKeys(table: TableName, column: string, keys: string[]): Promise<string[]>;
  /**
   * Puts rows into a new temporary table whose columns have the types of `table`'s columns. Also where the database was
   * opened for reading only: a temporary table is nobody else's.
   * @throws DatabaseError when a value does not fit its column.
   */
  stage(table: TableName, columns: string[], rows: Row[] | AsyncIterable<Row[]>): Promise<Stage>;
  /** Inserts the staged rows in their order; with `identity`, returns what the destination minted for it. */
  insertStaged(stage: Stage, identity: string): Promise<MintedIds>;
  insertStaged(stage: Stage, identity: null): Promise<null>;
  /**
   * For each staged row, found by `key`, fills those of `columns` that are NULL in the table and not in the stage.
   * @returns rows changed.
   */
  fillFromStage(stage: Stage, key: string, columns: string[]): Promise<number>;
  /**
   * For each staged row, found by `key`, gives `columns` of the table the staged values.
   * @returns rows found.
   */
  overwriteFromStage(stage: Stage, key: string, columns: string[]): Promise<number>;
  /**
   * The table's rows that equal staged ones in all of the columns `on`, as those columns' own collations compare; NULL
   * equals nothing.
   * @param range only staged rows numbered from `from` (0 is the first) to before `to`.
   * @returns the staged row's number and the cells of `columns`, by number.
   */
  matchStaged(
    stage: Stage,
    on: string[],
    columns: string[],
    range?: { from: number; to: number },
  ): Promise<StageMatch[]>;
  /**
   * Staged rows that equal an earlier one in all of the columns `on`, in the same sense; the number of the first of
   * them.
   */
  stagedTwins(stage: Stage, on: string[]): Promise<{ row: number; first: number }[]>;
  /**
   * Deletes the rows whose `key` lies in (`after`, `upTo`]; null leaves an end open.
   * @returns rows deleted.
   */
  deleteRange(table: TableName, key: string, range: { after: string | null; upTo: string | null }): Promise<number>;
  /**
   * Deletes the rows that have one of these keys in the column.
   * @returns rows deleted.
   */
  deleteKeys(table: TableName, column: string, keys: string[]): Promise<number>;
  /**
   * Deletes some rows, whichever: for tables without a key.
   * @param limit rows, at most.
   * @returns rows deleted.
   */
  deleteSome(table: TableName, limit: number): Promise<number>;
  /**
   * Sets columns to NULL in the rows that have one of these keys.
   * @returns rows found.
   */
  clearColumns(table: TableName, key: string, keys: string[], columns: string[]): Promise<number>;
}

export interface Database extends Queries {
  /** The environment's name as the configuration has it, or 'journal'. For messages. */
  readonly name: string;
  /** Server's product and version, as it says itself. */
  version(): Promise<string>;
  facts(): Promise<ServerFacts>;
  /** The database's own catalog, for these table names (case-insensitively) or for all of the default schema. */
  tables(names?: string[]): Promise<PhysicalTable[]>;
  /**
   * Streams rows in arrays bounded by `batch`. Holds one connection while iterated; a reader that stops early has its
   * statement cancelled, and the connection serves the next.
   */
  readRows(read: RowRead): AsyncIterable<Row[]>;
  /**
   * Runs `work` in one read-committed transaction on one connection; commits when it resolves, rolls back when it
   * throws. A connection that failed is never reused.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Rights of the login on each table, effective ones. */
  rights(
    tables: TableName[],
  ): Promise<{ table: TableName; select: boolean; insert: boolean; update: boolean; delete: boolean }[]>;
  /** Whether the login may make temporary tables, in which batches are staged. */
  mayStage(): Promise<boolean>;
  /**
   * Where the engine's counter of each identity column stands, in the order asked for: the last value minted; null, or
   * its start, when never used; null when unknown.
   */
  identityPositions(columns: readonly ColumnName[]): Promise<(bigint | null)[]>;
  /** A statement as a person would run it on this engine, its values written out. */
  textOf(statement: Sql): string;
  /** The statement with which an administrator has the identity of a table go on after this value. */
  reseedText(column: ColumnName, value: bigint): string;
  /** Gives back the space of rows that were deleted, where the engine keeps it until it is told. */
  reclaim(table: string): Promise<void>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  name: string;
  url: string;
  /** Source databases are opened read-only. */
  readOnly: boolean;
  /** Upper bound of connections. */
  pool: number;
}
