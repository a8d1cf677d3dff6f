import type { Socket } from 'node:net';
import pg from 'pg';
import { timeouts } from '../../config/timeouts.ts';
import { DatabaseError } from '../errors.ts';
import type { ConnectOptions } from '../port.ts';
import { watchSilence } from '../silence.ts';
import { Turns } from '../turns.ts';
import { leavesSessionAlive, toDatabaseError } from './errors.ts';

const keepAliveAfterMs = 10_000;
/** A worker that was stopped inside a transaction must not hold its locks for ever. */
const idleInTransactionTimeout = '60s';

/** One connection, lent to one piece of work at a time. */
export interface Session {
  client: pg.PoolClient;
  database: string;
  /** Milliseconds without a byte after which a statement is given up. */
  silence: number;
  /** Set when the connection is in an unknown state, in the middle of a COPY for instance: it is closed, not reused. */
  broken: boolean;
}

/** The driver's typings leave these out. */
interface ClientInsides {
  connection: { stream: Socket };
  processID: number;
  secretKey: number;
}

const insidesOf = (client: pg.ClientBase) => client as pg.ClientBase & ClientInsides;

/** The session's socket, and what the server knows the session by. */
export function wireOf({ client }: Session): { socket: Socket; processId: number; secretKey: number } {
  const { connection, processID, secretKey } = insidesOf(client);
  return { socket: connection.stream, processId: processID, secretKey };
}

/**
 * Watches the connection while a statement runs on it.
 * @param waitsForUs while true the server is not to blame for the silence.
 * @returns what ends the watch.
 */
export function watch(session: Session, waitsForUs?: () => boolean): () => void {
  return watchSilence(wireOf(session).socket, session.silence, waitsForUs);
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

/**
 * Opens a pool; connects at the first use. Who finds all connections lent waits as long as it takes, so a piece of work
 * must not ask for a second connection while it holds one, unless `pool` allows for all that do.
 */
export function openPool(options: ConnectOptions): SessionPool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.pool,
    application_name: 'caravel',
    connectionTimeoutMillis: timeouts.connect,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    onConnect: async (client) => {
      const unwatch = watchSilence(insidesOf(client).connection.stream, timeouts.connect);
      await client.query(settings(options)).finally(unwatch);
    },
  });
  // A connection that dies while nobody uses it, or between two statements, raises an event; the next statement fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  const turns = new Turns(options.pool);
  const sessions: SessionPool = {
    database: options.name,
    readOnly: options.readOnly,
    async acquire() {
      await turns.take();
      try {
        const client = await pool.connect();
        return { client, database: options.name, silence: timeouts.silence, broken: false };
      } catch (error) {
        turns.pass();
        throw toDatabaseError(error, { database: options.name });
      }
    },
    release({ client, broken }) {
      client.release(broken);
      turns.pass();
    },
    async use(work) {
      const session = await sessions.acquire();
      try {
        return await work(session);
      } catch (error) {
        if (!(error instanceof DatabaseError) || !leavesSessionAlive(error)) session.broken = true;
        throw error;
      } finally {
        sessions.release(session);
      }
    },
    close: () => pool.end(),
  };
  return sessions;
}

/** Statements, not startup parameters: connection poolers in front of the server refuse those. */
function settings({ readOnly }: ConnectOptions): string {
  return [
    "SET client_encoding = 'UTF8'",
    'SET standard_conforming_strings = on',
    "SET DateStyle = 'ISO, YMD'",
    "SET TimeZone = 'UTC'",
    "SET IntervalStyle = 'postgres'",
    "SET bytea_output = 'hex'",
    'SET extra_float_digits = 1',
    'SET client_min_messages = error',
    'SET statement_timeout = 0',
    `SET idle_in_transaction_session_timeout = '${idleInTransactionTimeout}'`,
    `SET default_transaction_read_only = ${readOnly ? 'on' : 'off'}`,
    // What was committed must survive a crash of the server: the journal is told of it right after.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  ].join(';');
}
