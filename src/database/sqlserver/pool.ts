import { createRequire } from 'node:module';
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
import { readIsolation, settings } from './sessionSettings.ts';
import { runBatch } from './statements.ts';

/** A connection that rested for longer is tried before it is lent: nobody listens to one that rests. */
const restMs = 100;
/** What every server took since the driver exists; larger packets make some hang up. */
const safePacket = 4_096;

/** The part of mssql's pool that lends its connections; its typings leave it out. */
interface Lender {
  acquire(requester: object): Promise<Connection>;
  release(connection: Connection): void;
}

type LendingPool = mssql.ConnectionPool & Lender;

const isLender = (pool: object): pool is Lender =>
  'acquire' in pool && typeof pool.acquire === 'function' && 'release' in pool && typeof pool.release === 'function';

/** @throws Error where another version of the driver was installed, which lends none. */
function lending(pool: mssql.ConnectionPool): LendingPool {
  if (isLender(pool)) return pool;
  const { version }: { version: string } = createRequire(import.meta.url)('mssql/package.json');
  throw new Error(`mssql ${version} lends no connections: install the version that package-lock.json names`);
}

/** A pool of `mssql`, opened at the first use, and anew once it could not be opened. */
class DriverPool {
  /** The driver drops the number of an error at login; it tells whether waiting helps. */
  loginNumber: number | null = null;
  #address: mssql.config;
  #opening: Promise<LendingPool> | null = null;

  /** @throws Error where another version of the driver was installed: now, and not in the middle of a run. */
  constructor(address: mssql.config) {
    lending(mssql.ConnectionPool.prototype);
    this.#address = address;
  }

  async opened(): Promise<LendingPool> {
    this.#opening ??= this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    const pool = await this.#opening?.catch(() => null);
    this.#opening = null;
    await pool?.close();
  }

  async #open(): Promise<LendingPool> {
    const config = { ...this.#address, beforeConnect: (connection: Connection) => this.#prepareLogin(connection) };
    const pool = lending(new mssql.ConnectionPool(config));
    // A connection that dies while nobody uses it raises an event; the next statement fails.
    pool.on('error', () => {});
    try {
      await pool.connect();
      return pool;
    } catch (error) {
      if (!hungUp(error) || this.#address.options?.packetSize !== largestPacket) throw error;
      this.#address = { ...this.#address, options: { ...this.#address.options, packetSize: safePacket } };
      return this.#open();
    }
  }

  #prepareLogin(connection: Connection): void {
    guardDriver(connection);
    const note = ({ number }: { number: number }) => {
      this.loginNumber = number;
    };
    connection.on('errorMessage', note);
    connection.once('connect', () => connection.removeListener('errorMessage', note));
  }
}

/** Connections of a pool, lent with their options set. */
class Connections {
  readonly #pool: DriverPool;
  readonly #options: ConnectOptions;
  readonly #types: Session['types'] = new Map();
  #isolation: string | null = null;
  /** When connections were given back with their options set: they are this pool's alone, and keep them. */
  readonly #prepared = new WeakMap<Connection, number>();
  /** Who lent a connection gets it back, also when the pool was closed meanwhile. */
  readonly #lenders = new WeakMap<Connection, Lender>();

  constructor(pool: DriverPool, options: ConnectOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async lend(): Promise<Session> {
    for (;;) {
      const session = await this.#take();
      const rested = performance.now() - (this.#prepared.get(session.connection) ?? Number.NEGATIVE_INFINITY);
      if (rested < restMs || (await this.#prepare(session, rested))) return session;
    }
  }

  giveBack(connection: Connection, state: 'prepared' | 'altered' | 'broken'): void {
    if (state === 'prepared') this.#prepared.set(connection, performance.now());
    else this.#prepared.delete(connection);
    if (state === 'broken') connection.close();
    this.#lenders.get(connection)?.release(connection);
  }

  async #take(): Promise<Session> {
    const lender = await this.#pool.opened();
    const connection = await lender.acquire({});
    this.#lenders.set(connection, lender);
    const { silence } = timeouts;
    const database = this.#options.name;
    return { connection, database, types: this.#types, silence, altered: false, broken: false };
  }

  /**
   * @param rested milliseconds; infinite for a connection whose options were never set.
   * @returns false for one that died while nobody used it: others may live, or come about.
   */
  async #prepare(session: Session, rested: number): Promise<boolean> {
    try {
      this.#isolation ??= this.#options.readOnly ? await readIsolation(session) : 'READ COMMITTED';
      await runBatch(session, settings(this.#isolation));
      return true;
    } catch (error) {
      this.giveBack(session.connection, 'broken');
      if (Number.isFinite(rested) && error instanceof DatabaseError && error.code === 'unreachable') return false;
      throw error;
    }
  }
}

/**
 * Opens a pool of `mssql`; connects at the first use. Statements go to the driver under it, tedious: rows as arrays,
 * bulk loads from a stream and the type of each value cannot be had through mssql's requests. Who finds all connections
 * lent waits as long as it takes, so a piece of work must not ask for a second connection while it holds one, unless
 * `pool` allows for all that do.
 * @throws Error for a URL that says something unknown
 */
export function openPool(options: ConnectOptions): SessionPool {
  const turns = new Turns(options.pool);
  const pool = new DriverPool(readAddress(options));
  const connections = new Connections(pool, options);
  const sessions: SessionPool = {
    database: options.name,
    readOnly: options.readOnly,
    async acquire() {
      await turns.take();
      pool.loginNumber = null;
      try {
        return await connections.lend();
      } catch (error) {
        turns.pass();
        throw toDatabaseError(withNumber(error, pool.loginNumber), { database: options.name });
      }
    },
    release({ connection, altered, broken }) {
      connections.giveBack(connection, broken ? 'broken' : altered ? 'altered' : 'prepared');
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
    close: () => pool.close(),
  };
  return sessions;
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
