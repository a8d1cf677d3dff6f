import type { Connection } from 'tedious';
import type { DatabaseError } from '../errors.ts';
import { watchSilence } from '../silence.ts';
import type { ColumnType } from './columnTypes.ts';
import { insidesOf } from './driver.ts';
import { type ErrorPlace, toDatabaseError } from './errors.ts';

/** One connection, lent to one piece of work at a time. */
export interface Session {
  connection: Connection;
  database: string;
  /** Types of columns that were asked for, by table: shared by the sessions of a pool. */
  types: Map<string, { at: number; columns: Map<string, ColumnType> }>;
  /** Milliseconds without a byte after which a statement is given up. */
  silence: number;
  /** Set when its options are no longer those that every lender expects: they are set again. */
  altered: boolean;
  /** Set when the connection is in an unknown state: it is closed, not reused. */
  broken: boolean;
}

/** What went wrong on a session. */
export function failureOn(session: Session, error: unknown, place?: Omit<ErrorPlace, 'database'>): DatabaseError {
  // Once it is closed the driver speaks of its own state.
  const { closed } = insidesOf(session.connection);
  return toDatabaseError(error, { database: session.database, closed, ...place });
}

/**
 * Watches the connection while a statement runs on it.
 * @param waitsForUs while true the server is not to blame for the silence.
 * @returns what ends the watch.
 */
export function watch(session: Session, waitsForUs?: () => boolean): () => void {
  const { socket } = insidesOf(session.connection);
  return socket === undefined ? () => {} : watchSilence(socket, session.silence, waitsForUs);
}

export interface SessionPool {
  database: string;
  readOnly: boolean;
  /** Lends a connection while `work` runs; errors come out as DatabaseError where they are the database's. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  acquire(): Promise<Session>;
  release(session: Session): void;
  close(): Promise<void>;
}
