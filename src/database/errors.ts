/** What went wrong in a database, decided by the engine's error number, never by its wording. */
export type DatabaseErrorCode =
  | 'unreachable'
  | 'login'
  | 'deadlock'
  | 'lockTimeout'
  | 'duplicate'
  | 'reference'
  | 'nullValue'
  | 'truncation'
  | 'overflow'
  | 'invalidValue'
  | 'permission'
  | 'unknownObject'
  | 'logFull'
  | 'outOfSpace'
  | 'other';

const retryable: ReadonlySet<DatabaseErrorCode> = new Set([
  'unreachable',
  'deadlock',
  'lockTimeout',
  'logFull',
  'outOfSpace',
]);
const rowLevel: ReadonlySet<DatabaseErrorCode> = new Set([
  'duplicate',
  'reference',
  'nullValue',
  'truncation',
  'overflow',
  'invalidValue',
]);

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

  constructor(facts: {
    code: DatabaseErrorCode;
    database: string;
    number: string;
    table?: string | null;
    constraint?: string | null;
    column?: string | null;
    message: string;
    cause?: unknown;
  }) {
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

  /** A single row is to blame; the rest of its batch may be fine. */
  get rowLevel(): boolean {
    return rowLevel.has(this.code);
  }
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
