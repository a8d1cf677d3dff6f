import type { Connection } from 'tedious';
import type { DatabaseError } from '../errors.ts';
import type { ColumnType } from './columnTypes.ts';
import { type ErrorPlace, toDatabaseError } from './errors.ts';

/** One connection, lent to one piece of work at a time. */
export interface Session {
  connection: Connection;
  database: string;
  /** Types of columns that were asked for, by table: shared by the sessions of a pool. */
  types: Map<string, { at: number; columns: Map<string, ColumnType> }>;
  /** Set when the connection is in an unknown state: it is closed, not reused. */
  broken: boolean;
}

/** What went wrong on a session. */
export function failureOn(session: Session, error: unknown, place?: Omit<ErrorPlace, 'database'>): DatabaseError {
  // Once it is closed the driver speaks of its own state.
  const { closed } = session.connection as unknown as { closed: boolean };
  return toDatabaseError(error, { database: session.database, closed, ...place });
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
