import { DatabaseError, type DatabaseErrorCode, databaseError } from '../errors.ts';

/**
 * SQLSTATE → what it means to us. The longest prefix wins: five characters name one condition, two a whole class
 * (PostgreSQL manual, appendix A).
 */
const codes: Record<string, DatabaseErrorCode> = {
  '08': 'unreachable',
  '53300': 'unreachable',
  '57014': 'cancelled',
  '57P01': 'unreachable',
  '57P02': 'unreachable',
  '57P03': 'unreachable',
  '57P05': 'unreachable',
  '25P03': 'unreachable',
  '25P04': 'unreachable',
  '28': 'login',
  '3D000': 'unknownObject',
  '3F000': 'unknownObject',
  '40001': 'deadlock',
  '40P01': 'deadlock',
  '55P03': 'lockTimeout',
  '23505': 'duplicate',
  '23P01': 'duplicate',
  '23503': 'reference',
  '23001': 'reference',
  '23502': 'nullValue',
  '23514': 'invalidValue',
  '22': 'invalidValue',
  '22001': 'truncation',
  '22003': 'overflow',
  '22008': 'overflow',
  '22015': 'overflow',
  '54000': 'overflow',
  '42501': 'permission',
  '25006': 'permission',
  '42P01': 'unknownObject',
  '42703': 'unknownObject',
  '42704': 'unknownObject',
  '42883': 'unknownObject',
  '53': 'outOfSpace',
};

/** Five characters, some of them digits; 'EPIPE' is no SQLSTATE. */
const sqlState = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Conditions whose server message holds names of objects only, never values. */
const harmlessMessages = new Set(['42501', '42P01', '42703', '42704', '42883', '3D000', '3F000', '25006']);

interface ServerError {
  code?: unknown;
  message?: unknown;
  table?: unknown;
  constraint?: unknown;
  column?: unknown;
  where?: unknown;
}

/** Where an error happened, for what the server does not say itself. */
export interface ErrorPlace {
  database: string;
  table?: string;
  /** Columns of a COPY: its errors name the column only in their context line. */
  columns?: string[];
}

/**
 * Turns whatever `pg` threw into a DatabaseError; one that already is passes. Decided by SQLSTATE, else by
 * the runtime's code.
 */
export function toDatabaseError(error: unknown, place: ErrorPlace): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, message, table, constraint, column, where } = (error ?? {}) as ServerError;
  const number = typeof code === 'string' ? code : '';
  const meaning = sqlState.test(number) ? codeOf(number) : withoutSqlState(error, number, message);
  const facts = {
    table: place.table ?? textOrNull(table),
    constraint: textOrNull(constraint),
    column: textOrNull(column) ?? columnOfCopy(where, place.columns),
  };
  return databaseError({
    code: meaning,
    database: place.database,
    number,
    ...facts,
    serverSays: harmlessMessages.has(number) ? String(message) : null,
    cause: error,
  });
}

/** The server's session survived this error: at most its transaction is lost. */
export function leavesSessionAlive(error: DatabaseError): boolean {
  return error.code !== 'unreachable' && error.code !== 'login';
}

function codeOf(number: string): DatabaseErrorCode {
  return codes[number] ?? codes[number.slice(0, 2)] ?? 'other';
}

/**
 * What the driver, the socket or the runtime threw: nearly always a connection that is lost or never was. A certificate
 * or a missing password does not mend itself, and neither does a fault of ours.
 */
function withoutSqlState(error: unknown, code: string, message: unknown): DatabaseErrorCode {
  if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return 'login';
  if (typeof message === 'string' && message.startsWith('SASL')) return 'login';
  if (code.startsWith('ERR_') || !(error instanceof Error)) return 'other';
  return code !== '' || error.constructor === Error ? 'unreachable' : 'other';
}

function columnOfCopy(where: unknown, columns: string[] | undefined): string | null {
  if (typeof where !== 'string' || columns === undefined) return null;
  const named = /^COPY .*?, line \d+, column ([^\n]*)/.exec(where)?.[1];
  return columns.find((column) => named === column || named?.startsWith(`${column}:`)) ?? null;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
