/**
 * What went wrong in a database, decided by the engine's error number, never by its wording, and what is said of it:
 * the same whichever engine met it.
 */
const sentences = {
  unreachable: 'the database is out of reach or closed the connection',
  cancelled: 'somebody else cancelled the statement',
  login: 'the login was refused; check the user, the password and the database in the URL',
  deadlock: 'the transaction was undone to end a deadlock',
  lockTimeout: 'somebody else held a lock for too long',
  duplicate: 'a row with the same unique value is already there',
  reference: 'a row refers to one that is not there, or is still referred to',
  nullValue: 'a column that must not be NULL got no value',
  truncation: 'a value is too long or has too many digits for its column',
  overflow: 'a number or date is out of range for its column',
  invalidValue: 'a value does not fit the type or a check of its column',
  permission: 'the login lacks a right',
  unknownObject: 'a table, column or function does not exist, or the login may not see it',
  logFull: 'the transaction log is full',
  outOfSpace: 'the server has no disk space, memory or room for temporary files left',
  other: 'the statement failed',
};

export type DatabaseErrorCode = keyof typeof sentences;

const retryable: ReadonlySet<DatabaseErrorCode> = new Set([
  'unreachable',
  'cancelled',
  'deadlock',
  'lockTimeout',
  'logFull',
  'outOfSpace',
]);
const rowLevelCodes = ['duplicate', 'reference', 'nullValue', 'truncation', 'overflow', 'invalidValue'] as const;
export type RowLevelCode = (typeof rowLevelCodes)[number];

/** What is known of what went wrong. */
interface DatabaseFault {
  code: DatabaseErrorCode;
  database: string;
  number: string;
  table?: string | null;
  constraint?: string | null;
  column?: string | null;
  cause?: unknown;
}

/** With the server's own words, where they hold names of objects only. */
type SpokenFault = DatabaseFault & { serverSays?: string | null };

/**
 * An error of a database. Its message names the table, the constraint and the error number, never a value: the
 * message travels through Temporal (docs/architecture.md, "Temporal"). The driver's own words stay in `cause`.
 */
export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;
  /** Name of the database in the configuration. */
  readonly database: string;
  /** The engine's number or SQLSTATE. */
  readonly number: string;
  readonly table: string | null;
  readonly constraint: string | null;
  readonly column: string | null;

  constructor(facts: DatabaseFault & { message: string }) {
    super(facts.message, { cause: facts.cause });
    this.name = 'DatabaseError';
    this.code = facts.code;
    this.database = facts.database;
    this.number = facts.number;
    this.table = facts.table ?? null;
    this.constraint = facts.constraint ?? null;
    this.column = facts.column ?? null;
  }

  /** The same statement may succeed later without anybody doing anything to the data. */
  get retryable(): boolean {
    return retryable.has(this.code);
  }

  /** What is wrong with a single row; null where no row is to blame. */
  get rowFault(): RowLevelCode | null {
    return rowLevelCodes.find((code) => code === this.code) ?? null;
  }

  /** A single row is to blame; the rest of its batch may be fine. */
  get rowLevel(): boolean {
    return this.rowFault !== null;
  }
}

/** An error that says the sentence of its code, and where it happened. */
export function databaseError({ serverSays, ...fault }: SpokenFault): DatabaseError {
  const { code, database, number, table, column, constraint } = fault;
  const where = [
    table ? ` on table ${table}` : '',
    column ? `, column ${column}` : '',
    constraint ? `, constraint ${constraint}` : '',
  ].join('');
  const words = serverSays ? `${sentences[code]} (${serverSays})` : sentences[code];
  const message = `${database}${where}: ${words}${number === '' ? '' : ` [${number}]`}`;
  return new DatabaseError({ ...fault, message });
}

/** What no server need be asked: the connection is there for looking. */
export function openedReadOnly(database: string): DatabaseError {
  return new DatabaseError({
    code: 'permission',
    database,
    number: '',
    message: `${database}: the connection was opened for reading only`,
  });
}

/** Somebody else held a lock for longer than one waits for it. */
export function lockNotGot(database: string, resource: string, waitedMs: number): DatabaseError {
  return new DatabaseError({
    code: 'lockTimeout',
    database,
    number: '',
    message: `${database}: somebody else still holds the lock '${resource}' after ${Math.ceil(waitedMs / 1000)} s`,
  });
}

/** A COMMIT that was none. @param failed what the server said of the statement, where it is known. */
export function alreadyFailed(
  { database }: { database: string },
  number: string,
  failed?: DatabaseError,
): DatabaseError {
  return new DatabaseError({
    code: 'other',
    database,
    number,
    message: `${database}: a statement of the transaction had failed, so it was rolled back instead of committed`,
    cause: failed,
  });
}

/** The table took fewer rows than it was given, and said nothing. */
export function leftOut(
  { database }: { database: string },
  table: string,
  given: number,
  taken: number,
): DatabaseError {
  return new DatabaseError({
    code: 'other',
    database,
    number: '',
    table,
    message:
      `${database} on table ${table}: took ${taken} of ${given} rows; ` +
      'look for a trigger or rule of the table that leaves rows out',
  });
}
