import { type DatabaseError, databaseError, lockNotGot } from '../../src/database/errors.ts';
import type {
  Cell,
  Database,
  MintedIds,
  Row,
  RowRead,
  Stage,
  TableName,
  Transaction,
} from '../../src/database/port.ts';
import { connectionLost, type Process } from './clock.ts';

type Cells = Record<string, Cell>;

/** A row as the server keeps it. */
export interface StoredRow {
  cells: Cells;
  /** As it was inserted. */
  readonly born: Readonly<Cells>;
  /** Who inserted it. */
  readonly by: string;
  /** Whose transaction has inserted it, and not ended; null once it is there for everybody. */
  insertedIn: Session | null;
  /** What a transaction that has not ended makes of it: other cells, or null: deleted. */
  change: { session: Session; cells: Cells | null } | null;
}

export interface MemoryTable {
  name: string;
  columns: string[];
  /** Column of the primary key; null for a table without one. */
  key: string | null;
  isMinted: boolean;
  rows: StoredRow[];
  /** Last identity value given out, and the last of which the server still knows after a crash. */
  counter: bigint;
  durable: bigint;
  /** What a trigger makes of a row before it is stored. */
  trigger: ((cells: Cells) => Cells) | null;
}

/** One transaction of one process. */
export class Session {
  readonly process: Process;
  /** It began when the destination had been given to another run. */
  readonly isLate: boolean;
  isLost = false;

  constructor(process: Process, isLate = false) {
    this.process = process;
    this.isLate = isLate;
  }
}

const waitsBeforeTimeOut = 3;

/**
 * A database server in memory: read committed, identities that no rollback gives back, locks that end with their
 * session.
 */
export class MemoryServer {
  readonly name: string;
  readonly tables = new Map<string, MemoryTable>();
  /** The run that may write. */
  owner: string | null = null;
  /** Who wrote in a transaction that began after that had become another run. */
  readonly lateWriters: string[] = [];
  readonly #locks = new Map<string, Session>();
  readonly #sessions = new Set<Session>();

  constructor(name: string) {
    this.name = name;
  }

  create(name: string, columns: string[], about: { key: string | null; isMinted: boolean }): MemoryTable {
    const table: MemoryTable = { name, columns, ...about, rows: [], counter: 0n, durable: 0n, trigger: null };
    this.tables.set(name, table);
    return table;
  }

  table(name: string): MemoryTable {
    const table = this.tables.get(name);
    if (table === undefined) throw databaseError({ code: 'unknownObject', database: this.name, number: '42P01' });
    return table;
  }

  begin(process: Process): Session {
    const session = new Session(process, process.run !== null && process.run !== this.owner);
    this.#sessions.add(session);
    return session;
  }

  /** Sessions that are in the middle of a transaction. */
  get sessions(): Session[] {
    return [...this.#sessions];
  }

  commit(session: Session): void {
    for (const table of this.tables.values()) {
      let isWritten = table.rows.some(({ change }) => change?.session === session);
      for (const row of table.rows) {
        if (row.insertedIn === session) {
          row.insertedIn = null;
          isWritten = true;
        }
        if (row.change?.session === session) {
          const { cells } = row.change;
          row.change = null;
          if (cells === null) table.rows = table.rows.filter((one) => one !== row);
          else row.cells = cells;
        }
      }
      // The log goes to the disk with the commit, and all that was written to it before.
      if (isWritten && session.isLate) this.lateWriters.push(`${session.process.name} in ${table.name}`);
      if (isWritten) table.durable = table.counter;
    }
    this.#end(session);
  }

  /** Ends a session, and undoes what its transaction did. */
  rollBack(session: Session): void {
    for (const table of this.tables.values()) {
      table.rows = table.rows.filter((row) => row.insertedIn !== session);
      for (const row of table.rows) if (row.change?.session === session) row.change = null;
    }
    this.#end(session);
  }

  /** An administrator, a time-out or a lost connection ends a session. */
  lose(session: Session): void {
    session.isLost = true;
    this.rollBack(session);
  }

  /** The server starts again: it forgets what it had not yet written down. */
  restart(): void {
    for (const session of this.sessions) this.lose(session);
    for (const table of this.tables.values()) table.counter = table.durable;
  }

  /** Processes that were killed have no sessions any more. */
  reap(): void {
    for (const session of this.sessions) if (session.process.isKilled) this.lose(session);
  }

  /** @returns null where the lock is the session's now; else who holds it. */
  take(lock: string, session: Session): Session | null {
    this.reap();
    const holder = this.#locks.get(lock);
    if (holder !== undefined && holder !== session) return holder;
    this.#locks.set(lock, session);
    return null;
  }

  #end(session: Session): void {
    this.#sessions.delete(session);
    for (const [lock, holder] of this.#locks) if (holder === session) this.#locks.delete(lock);
  }

  /** Rows as a session sees them now, or somebody without a transaction. */
  visible(table: MemoryTable, session: Session | null): { row: StoredRow; cells: Cells }[] {
    this.reap();
    return table.rows.flatMap((row) => {
      if (row.insertedIn !== null && row.insertedIn !== session) return [];
      if (row.change !== null && row.change.session === session && session !== null) {
        return row.change.cells === null ? [] : [{ row, cells: row.change.cells }];
      }
      return [{ row, cells: row.cells }];
    });
  }
}

/** A connection of a process to a server, as the port has it; what the protocol does not use is not there. */
export function connectTo(server: MemoryServer, process: Process): Database {
  const connection: Partial<Database> = {
    engine: 'postgres',
    name: server.name,
    readRows: (read) => readRows(server, process, read),
    async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
      await process.step('begin');
      const session = server.begin(process);
      try {
        const result = await work(transactionOn(server, session));
        await process.step('commit');
        if (session.isLost) throw connectionLost(server.name);
        server.commit(session);
        // It may die before it hears that it went in.
        await process.step('committed');
        return result;
      } catch (error) {
        if (!session.isLost) server.rollBack(session);
        throw error;
      }
    },
  };
  // What is lacking is not called by the protocol: it would throw.
  return connection as Database;
}

function transactionOn(server: MemoryServer, session: Session): Transaction {
  const { process } = session;
  const step = async (label: string) => {
    await process.step(label);
    if (session.isLost) throw connectionLost(server.name);
  };
  const tableOf = ({ name }: TableName) => server.table(name);
  const staged = new Map<Stage, Row[]>();
  const tryLock = async (resource: string): Promise<boolean> => {
    for (let waited = 0; ; waited++) {
      await step(`lock ${resource}`);
      const holder = server.take(resource, session);
      if (holder === null) return true;
      // A server ends a session that does nothing in the middle of a transaction.
      if (waited >= waitsBeforeTimeOut && holder.process.isFrozen) server.lose(holder);
      else if (waited >= waitsBeforeTimeOut) return false;
    }
  };
  /** Waits until nobody else is about to change the row. */
  const settled = async (row: StoredRow): Promise<void> => {
    for (let waited = 0; row.change !== null && row.change.session !== session; waited++) {
      if (waited >= waitsBeforeTimeOut && row.change.session.process.isFrozen) server.lose(row.change.session);
      await step('wait for a row');
      server.reap();
    }
  };
  const insert = (table: MemoryTable, cells: Cells): void => {
    const stored = table.trigger?.(cells) ?? cells;
    const full = Object.fromEntries(table.columns.map((column) => [column, stored[column] ?? null]));
    table.rows.push({ cells: full, born: { ...full }, by: process.name, insertedIn: session, change: null });
  };
  const fail = (error: DatabaseError): never => {
    server.lose(session);
    throw error;
  };

  const transaction: Partial<Transaction> = {
    engine: 'postgres',
    tryLock,
    async lock(resource, waitMs) {
      if (!(await tryLock(resource))) throw lockNotGot(server.name, resource, waitMs);
    },
    async query() {
      await step('query');
      return [];
    },
    async maximum(name, column) {
      await step('maximum');
      const ids = server.visible(tableOf(name), session).map(({ cells }) => BigInt(cells[column] as string));
      return ids.sort((one, other) => (one < other ? -1 : 1)).at(-1) ?? null;
    },
    async count(name) {
      await step('count');
      return server.visible(tableOf(name), session).length;
    },
    async existingKeys(name, column, keys) {
      await step('existing keys');
      const there = new Set(server.visible(tableOf(name), session).map(({ cells }) => cells[column]));
      return keys.filter((key) => there.has(key));
    },
    async stage(name, columns, rows) {
      await step('stage');
      const all: Row[] = [];
      for await (const part of Array.isArray(rows) ? [rows] : rows) all.push(...part);
      const stage: Stage = { table: name, columns, rows: all.length };
      staged.set(stage, all);
      return stage;
    },
    async insertStaged(stage: Stage, identity: string | null): Promise<never> {
      await step('insert');
      const table = tableOf(stage.table);
      const ids: bigint[] = [];
      for (const row of staged.get(stage) ?? []) {
        const cells: Cells = Object.fromEntries(stage.columns.map((column, place) => [column, row[place] ?? null]));
        if (identity !== null) {
          table.counter += 1n;
          ids.push(table.counter);
          cells[identity] = String(table.counter);
        }
        if (table.key !== null) {
          const twin = table.rows.find((one) => one.cells[table.key as string] === cells[table.key as string]);
          if (twin !== undefined) fail(databaseError({ code: 'duplicate', database: server.name, number: '23505' }));
        }
        insert(table, cells);
      }
      // As the port says: what was minted, or null where nothing is.
      return (identity === null ? null : mintedOf(ids)) as never;
    },
    async fillFromStage(stage, key, columns) {
      await step('fill');
      const table = tableOf(stage.table);
      let changed = 0;
      for (const values of staged.get(stage) ?? []) {
        const id = values[stage.columns.indexOf(key)];
        const found = server.visible(table, session).find(({ cells }) => cells[key] === id);
        if (found === undefined) continue;
        await settled(found.row);
        const cells = { ...(found.row.change?.cells ?? found.row.cells) };
        let isChanged = false;
        for (const column of columns) {
          const value = values[stage.columns.indexOf(column)] ?? null;
          if (cells[column] !== null || value === null) continue;
          cells[column] = value;
          isChanged = true;
        }
        if (!isChanged || !table.rows.includes(found.row)) continue;
        found.row.change = { session, cells };
        changed += 1;
      }
      return changed;
    },
  };
  // What is lacking is not called by the protocol: it would throw.
  return transaction as Transaction;
}

const mintedOf = (ids: bigint[]): MintedIds => {
  const [first] = ids;
  const isContiguous = ids.every((id, place) => first !== undefined && id === first + BigInt(place));
  return first !== undefined && isContiguous ? { first, count: ids.length } : ids;
};

/** Pages of the committed rows, each as they are at its own moment. */
async function* readRows(server: MemoryServer, process: Process, read: RowRead): AsyncGenerator<Row[]> {
  let after = read.after ?? null;
  const key = read.key;
  for (;;) {
    await process.step(`read ${read.table.name}`);
    const table = server.table(read.table.name);
    const rows = server
      .visible(table, null)
      .map(({ cells }) => cells)
      .filter((cells) => {
        if (read.anyNotNull?.every((column) => cells[column] === null)) return false;
        if (key === null) return true;
        const id = cells[key] as string;
        if (read.keys !== undefined && !read.keys.includes(id)) return false;
        return (after === null || compare(id, after) > 0) && (read.upTo == null || compare(id, read.upTo) <= 0);
      })
      .sort((one, other) => (key === null ? 0 : compare(one[key] as string, other[key] as string)));
    const page = key === null ? rows : rows.slice(0, read.batch.rows);
    if (page.length > 0) yield page.map((cells) => read.columns.map((column) => cells[column] ?? null));
    if (key === null || page.length < read.batch.rows) return;
    after = page.at(-1)?.[key] as string;
  }
}

function compare(one: string, other: string): number {
  const isNumber = /^-?\d+$/.test(one) && /^-?\d+$/.test(other);
  if (isNumber) return BigInt(one) < BigInt(other) ? -1 : BigInt(one) > BigInt(other) ? 1 : 0;
  return one < other ? -1 : one > other ? 1 : 0;
}
