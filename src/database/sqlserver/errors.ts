import { DatabaseError, type DatabaseErrorCode, databaseError } from '../errors.ts';

/**
 * Error number → what it means to us (sys.messages; Azure SQL: "Troubleshoot transient connection errors" and "Resource
 * management errors" in Microsoft's documentation).
 */
const codes: Record<number, DatabaseErrorCode> = {
  // The connection is gone, or the server is not ready to take one.
  596: 'unreachable',
  922: 'unreachable',
  926: 'unreachable',
  945: 'unreachable',
  976: 'unreachable',
  979: 'unreachable',
  983: 'unreachable',
  4060: 'unreachable',
  4221: 'unreachable',
  6005: 'unreachable',
  9001: 'unreachable',
  10053: 'unreachable',
  10054: 'unreachable',
  10060: 'unreachable',
  10928: 'unreachable',
  10929: 'unreachable',
  10936: 'unreachable',
  17142: 'unreachable',
  17187: 'unreachable',
  17188: 'unreachable',
  18401: 'unreachable',
  18451: 'unreachable',
  18461: 'unreachable',
  40143: 'unreachable',
  40166: 'unreachable',
  40197: 'unreachable',
  40501: 'unreachable',
  40540: 'unreachable',
  40613: 'unreachable',
  42108: 'unreachable',
  42109: 'unreachable',
  49918: 'unreachable',
  49919: 'unreachable',
  49920: 'unreachable',
  4064: 'login',
  18452: 'login',
  18456: 'login',
  18470: 'login',
  18486: 'login',
  18487: 'login',
  18488: 'login',
  40615: 'login',
  40914: 'login',
  1205: 'deadlock',
  1204: 'deadlock',
  3960: 'deadlock',
  3961: 'deadlock',
  1222: 'lockTimeout',
  2601: 'duplicate',
  2627: 'duplicate',
  547: 'reference',
  515: 'nullValue',
  2628: 'truncation',
  4815: 'truncation',
  8152: 'truncation',
  220: 'overflow',
  232: 'overflow',
  242: 'overflow',
  517: 'overflow',
  535: 'overflow',
  1007: 'overflow',
  8115: 'overflow',
  235: 'invalidValue',
  241: 'invalidValue',
  244: 'invalidValue',
  245: 'invalidValue',
  248: 'invalidValue',
  295: 'invalidValue',
  8114: 'invalidValue',
  8169: 'invalidValue',
  9420: 'invalidValue',
  229: 'permission',
  230: 'permission',
  262: 'permission',
  297: 'permission',
  300: 'permission',
  916: 'permission',
  1088: 'permission',
  3906: 'permission',
  207: 'unknownObject',
  208: 'unknownObject',
  911: 'unknownObject',
  2812: 'unknownObject',
  4902: 'unknownObject',
  9002: 'logFull',
  1101: 'outOfSpace',
  1105: 'outOfSpace',
  701: 'outOfSpace',
  802: 'outOfSpace',
  8645: 'outOfSpace',
  8651: 'outOfSpace',
  40544: 'outOfSpace',
  40549: 'outOfSpace',
  40550: 'outOfSpace',
  40551: 'outOfSpace',
  40552: 'outOfSpace',
  40553: 'outOfSpace',
};

/** Conditions whose server message holds names of objects only, never values. */
const harmlessMessages = new Set([207, 208, 911, 229, 230, 262, 297, 300, 916, 1088, 3906]);

/** The driver's and the sockets' codes for a connection that is lost or never was. */
const connectionCodes = new Set([
  'ESOCKET',
  'ETIMEOUT',
  'ECLOSE',
  'EINSTLOOKUP',
  'ENOTOPEN',
  'ECONNCLOSED',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
]);

/** From this severity on the server ends the connection ("Database Engine error severities"). */
const fatalSeverity = 20;

interface DriverError {
  name?: unknown;
  number?: unknown;
  class?: unknown;
  code?: unknown;
  message?: unknown;
  cause?: unknown;
  errors?: unknown;
  originalError?: unknown;
}

/** Where an error happened, for what the server does not say itself. */
export interface ErrorPlace {
  database: string;
  table?: string;
  column?: string;
  /** The connection has ended meanwhile, whatever the driver says. */
  closed?: boolean;
}

/**
 * Turns whatever the driver threw into a DatabaseError; one that already is passes. Decided by the server's number,
 * else by the driver's code. Several errors in one answer: the first that is known says what happened.
 */
export function toDatabaseError(error: unknown, place: ErrorPlace): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const told = errorOf(error);
  const number = typeof told.number === 'number' ? told.number : null;
  const message = typeof told.message === 'string' ? told.message : '';
  const meaning = place.closed ? 'unreachable' : number === null ? withoutNumber(told) : byNumber(number, told);
  const facts = {
    table: place.table ?? nameIn(message, /(?:object|table) ['"](?:[^'"]*\.)?([^'".]+)['"]/),
    constraint: constraintIn(meaning, message),
    column: place.column ?? nameIn(message, /column (?:name )?['"]([^'"]+)['"]/),
  };
  const mark = number ?? (typeof told.code === 'string' ? told.code : '');
  return databaseError({
    code: meaning,
    database: place.database,
    number: String(mark),
    ...facts,
    serverSays: number !== null && harmlessMessages.has(number) ? message : null,
    cause: error,
  });
}

/** The server's session survived this error: at most its transaction is lost. */
export function leavesSessionAlive(error: DatabaseError): boolean {
  return error.code !== 'unreachable' && error.code !== 'login';
}

/** One number for foreign keys and CHECK constraints: only the message tells which ("MSSQLSERVER_547"). */
const constraintConflict = 547;
const isCheck = (message: unknown) => typeof message === 'string' && /\bCHECK constraint\b/i.test(message);

/** What refuses a login for good has a number that is known; the rest says that the server is not ready yet. */
function byNumber(number: number, { class: severity, code, message }: DriverError): DatabaseErrorCode {
  const known = codes[number];
  if (number === constraintConflict && isCheck(message)) return 'invalidValue';
  if (known !== undefined) return known;
  return code === 'ELOGIN' || Number(severity) >= fatalSeverity ? 'unreachable' : 'other';
}

/** The one of several errors that says what happened: 3621 ("statement terminated") and its like only follow it. */
function errorOf(error: unknown): DriverError {
  const told = (error ?? {}) as DriverError;
  if (!Array.isArray(told.errors)) return told;
  const all = told.errors.map(errorOf);
  return all.find(({ number }) => typeof number === 'number' && number in codes) ?? all[0] ?? told;
}

/**
 * What the driver, the socket or the runtime threw. A certificate or a wrong setting does not mend itself, and neither
 * does a fault of ours.
 */
function withoutNumber({ name, code, message, cause, originalError }: DriverError): DatabaseErrorCode {
  if (code === 'ELOGIN' || code === 'EFEDAUTH') return 'login';
  for (const below of [cause, originalError]) {
    const inner = (below as DriverError | undefined)?.code;
    if (typeof inner === 'string' && isCertificate(inner)) return 'login';
  }
  // The pool's own words for a connection that never came about have no code.
  if (typeof code !== 'string') return name === 'ConnectionError' ? 'unreachable' : 'other';
  if (isCertificate(code) || (typeof message === 'string' && /certificate/i.test(message))) return 'login';
  return connectionCodes.has(code) ? 'unreachable' : 'other';
}

function isCertificate(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code);
}

function constraintIn(meaning: DatabaseErrorCode, message: string): string | null {
  if (meaning === 'duplicate') return nameIn(message, /(?:constraint|index) ['"]([^'"]+)['"]/);
  if (meaning === 'reference' || meaning === 'invalidValue') return nameIn(message, /constraint ['"]([^'"]+)['"]/);
  return null;
}

/** Names are only in the message: the protocol has no field for them. The session's language is English (pool.ts). */
function nameIn(message: string, pattern: RegExp): string | null {
  return pattern.exec(message)?.[1] ?? null;
}
