import mssql from 'mssql';
import type { Connection } from 'tedious';
import { timeouts } from '../../config/timeouts.ts';
import { DatabaseError } from '../errors.ts';
import type { ConnectOptions } from '../port.ts';
import { Turns } from '../turns.ts';
import { largestPacket, readAddress } from './address.ts';
import { guardDriver } from './driverGuard.ts';
import { leavesSessionAlive, toDatabaseError } from './errors.ts';
import type { Session, SessionPool } from './session.ts';
import { queryCells, runBatch } from './statements.ts';

const lockTimeoutMs = 60_000;
/** A connection that rested for longer is tried before it is lent: nobody listens to one that rests. */
const restMs = 100;
/** What every server took since the driver exists; larger packets make some hang up. */
const safePacket = 4_096;

/** The part of mssql's pool that lends its connections; its typings leave it out. */
interface Lender {
  acquire(requester: object): Promise<Connection>;
  release(connection: Connection): void;
}

/**
 * Opens a pool of `mssql`; connects at the first use. Statements go to the driver under it, tedious: rows as arrays, bulk
 * loads from a stream and the type of each value cannot be had through mssql's requests. Who finds all connections
 * lent waits as long as it takes, so a piece of work must not ask for a second connection while it holds one, unless
 * `pool` allows for all that do.
 * @throws Error for a URL that says something unknown
 */
export function openPool(options: ConnectOptions): SessionPool {
  const turns = new Turns(options.pool);
  const types: Session['types'] = new Map();
  let address = readAddress(options);
  let opening: Promise<mssql.ConnectionPool> | null = null;
  let loginNumber: number | null = null;
  let isolation: string | null = null;
  /** When connections were given back with their options set: they are this pool's alone, and keep them. */
  const prepared = new WeakMap<Connection, number>();
  /** Who lent a connection gets it back, also when the pool was closed meanwhile. */
  const lenders = new WeakMap<Connection, Lender>();

  const open = async (): Promise<mssql.ConnectionPool> => {
    const pool = new mssql.ConnectionPool({
      ...address,
      // The driver drops the number of an error at login; it tells whether waiting helps.
      beforeConnect: (connection: Connection) => {
        guardDriver(connection);
        const note = ({ number }: { number: number }) => {
          loginNumber = number;
        };
        connection.on('errorMessage', note);
        connection.once('connect', () => connection.removeListener('errorMessage', note));
      },
    } as mssql.config);
    // A connection that dies while nobody uses it raises an event; the next statement fails.
    pool.on('error', () => {});
    try {
      return await pool.connect();
    } catch (error) {
      if (!hungUp(error) || address.options?.packetSize !== largestPacket) throw error;
      address = { ...address, options: { ...address.options, packetSize: safePacket } };
      return open();
    }
  };
  const lender = async (): Promise<Lender> => {
    opening ??= open();
    try {
      return (await opening) as unknown as Lender;
    } catch (error) {
      opening = null;
      throw error;
    }
  };

  const lend = async (): Promise<Session> => {
    const pool = await lender();
    const connection = await pool.acquire({});
    lenders.set(connection, pool);
    const { silence } = timeouts;
    return { connection, database: options.name, types, silence, altered: false, broken: false };
  };
  const prepare = async (session: Session): Promise<void> => {
    isolation ??= options.readOnly ? await readIsolation(session) : 'READ COMMITTED';
    await runBatch(session, settings(isolation));
  };
  const giveBack = (connection: Connection, state: 'prepared' | 'altered' | 'broken'): void => {
    if (state === 'prepared') prepared.set(connection, performance.now());
    else prepared.delete(connection);
    if (state === 'broken') connection.close();
    lenders.get(connection)?.release(connection);
  };

  const sessions: SessionPool = {
    database: options.name,
    readOnly: options.readOnly,
    async acquire() {
      await turns.take();
      loginNumber = null;
      try {
        for (;;) {
          const session = await lend();
          const rested = performance.now() - (prepared.get(session.connection) ?? Number.NEGATIVE_INFINITY);
          if (rested < restMs) return session;
          try {
            await prepare(session);
            return session;
          } catch (error) {
            giveBack(session.connection, 'broken');
            // One that died while nobody used it: others may live, or come about.
            const isOld = Number.isFinite(rested) && error instanceof DatabaseError && error.code === 'unreachable';
            if (!isOld) throw error;
          }
        }
      } catch (error) {
        turns.pass();
        throw toDatabaseError(withNumber(error, loginNumber), { database: options.name });
      }
    },
    release({ connection, altered, broken }) {
      giveBack(connection, broken ? 'broken' : altered ? 'altered' : 'prepared');
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
    async close() {
      const pool = await opening?.catch(() => null);
      opening = null;
      await pool?.close();
    },
  };
  return sessions;
}

/**
 * Every option that what follows depends on, on each new connection, after each use that altered one, and to try one that
 * rested: nothing is taken over from the server's defaults. English, because names of constraints are only in messages.
 * A deadlock costs the migration a repetition; it would cost the application's user an error.
 */
export function settings(isolation: string): string {
  return `SET LANGUAGE us_english;
SET DATEFORMAT ymd;
SET XACT_ABORT ON;
SET NOCOUNT ON;
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;
SET IMPLICIT_TRANSACTIONS OFF;
SET TEXTSIZE 2147483647;
SET LOCK_TIMEOUT ${lockTimeoutMs};
SET DEADLOCK_PRIORITY LOW;
SET TRANSACTION ISOLATION LEVEL ${isolation};`;
}

export const isolationQuestion =
  'SELECT is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()';

/**
 * Committed rows only, and without blocking those who write where the database allows it: by READ COMMITTED itself where that
 * reads versions, by SNAPSHOT where only that is allowed. Never NOLOCK: it can give a row twice or not at all.
 */
async function readIsolation(session: Session): Promise<string> {
  const [row] = await queryCells(session, isolationQuestion);
  return row?.[0] !== '1' && row?.[1] === '1' ? 'SNAPSHOT' : 'READ COMMITTED';
}

/** The server took the connection and ended it during the login. */
function hungUp(error: unknown): boolean {
  const { code, message, originalError } = (error ?? {}) as {
    code?: string;
    message?: string;
    originalError?: unknown;
  };
  if (code === 'ECONNRESET' || /hang up|closed|ECONNRESET/i.test(message ?? '')) return true;
  return originalError !== undefined && originalError !== error && hungUp(originalError);
}

function withNumber(error: unknown, number: number | null): unknown {
  const { code } = (error ?? {}) as { code?: string };
  if (number === null || code !== 'ELOGIN') return error;
  return Object.assign(new Error('the login failed'), { number, code, cause: error });
}
