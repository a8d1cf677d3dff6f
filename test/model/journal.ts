import initSqlite, { type Database as Sqlite, type SqlValue, type Statement } from 'sql.js';
import type { Cell, Database, Parameter, Queries, Transaction } from '../../src/database/port.ts';
import { dialect as ansi } from '../../src/database/postgres/dialect.ts';
import { type NamedRows, type Shape, type Shaped, shapeRows } from '../../src/database/shape.ts';
import { render, type Sql } from '../../src/database/sql.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { connectionLost, type Process } from './clock.ts';
import { Session } from './server.ts';

const sqlite = await initSqlite();
const waitsBeforeTimeOut = 3;

const sqlValueOf = (value: Exclude<Parameter, null>): SqlValue => {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value === true ? 1 : String(value);
};

const cellOf = (value: SqlValue): Cell => (typeof value === 'number' ? String(value) : value);

/**
 * The journal in memory. Its statements are those of src/journal, run by SQLite; its transactions take turns, which is
 * what their locks come to.
 */
export class MemoryJournal {
  readonly #database: Sqlite;
  readonly #statements = new Map<string, Statement>();
  #holder: Session | null = null;
  #time = 0;

  private constructor(database: Sqlite) {
    this.#database = database;
  }

  static async create(setUp: Process): Promise<MemoryJournal> {
    const database = new sqlite.Database();
    // Nothing of it has to outlive the process.
    database.run('pragma journal_mode = memory; pragma synchronous = off; pragma temp_store = memory');
    const journal = new MemoryJournal(database);
    await migrateJournal(journal.connect(setUp));
    return journal;
  }

  /** Forgets everything but its tables. */
  empty(): void {
    if (this.#holder !== null) this.lose(this.#holder);
    const [tables] = this.#database.exec(
      "select name from sqlite_master where type = 'table' and name like 'caravel%' and name <> 'caravel_migration'",
    );
    for (const [name] of tables?.values ?? []) this.#database.run(`delete from ${name}`);
  }

  /** Who is in the middle of a transaction. */
  get holder(): Session | null {
    return this.#holder;
  }

  /** Ends the session that is in the middle of a transaction. */
  lose(session: Session): void {
    if (this.#holder !== session) return;
    session.isLost = true;
    this.#holder = null;
    this.#database.run('rollback');
  }

  connect(process: Process): Database {
    const connection: Partial<Database> = {
      ...this.#queries(process, null),
      name: 'journal',
      reclaim: async () => {},
      transaction: async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
        await process.step('journal: begin');
        for (let waited = 0; this.#holder !== null; waited++) await this.#wait(process, waited);
        const session = new Session(process);
        this.#holder = session;
        this.#database.run('begin');
        try {
          const transaction: Partial<Transaction> = {
            ...this.#queries(process, session),
            tryLock: async () => true,
            lock: async () => {},
          };
          const result = await work(transaction as Transaction);
          await process.step('journal: commit');
          if (session.isLost) throw connectionLost('journal');
          this.#database.run('commit');
          this.#holder = null;
          await process.step('journal: committed');
          return result;
        } catch (error) {
          this.lose(session);
          throw error;
        }
      },
    };
    // What is lacking is not called by the protocol: it would throw.
    return connection as Database;
  }

  #queries(process: Process, session: Session | null): Queries {
    const turn = async (statement: string) => {
      await process.step(`journal: ${statement}`);
      if (session?.isLost) throw connectionLost('journal');
      for (let waited = 0; session === null && this.#holder !== null; waited++) await this.#wait(process, waited);
    };
    return {
      engine: 'postgres',
      query: async <S extends Shape>(statement: Sql, shape: S): Promise<Shaped<S>[]> => {
        const { text, values } = render(statement, ansi);
        await turn(text);
        return shapeRows(this.#run(inSqlite(text), values), shape);
      },
      execute: async (statement: Sql): Promise<number> => {
        const { text, values } = render(statement, ansi);
        await turn(text);
        this.#run(inSqlite(text), values);
        return this.#database.getRowsModified();
      },
      now: async () => {
        this.#time += 1_000;
        return this.#time;
      },
    };
  }

  /** Waits a moment for whoever is in the middle of a transaction. */
  async #wait(process: Process, waited: number): Promise<void> {
    const holder = this.#holder;
    if (holder === null) return;
    if (holder.process.isKilled || (waited >= waitsBeforeTimeOut && holder.process.isFrozen)) this.lose(holder);
    else await process.step('journal: wait');
  }

  #run(text: string, values: readonly Exclude<Parameter, null>[]): NamedRows {
    const statement = this.#statements.get(text) ?? this.#database.prepare(text);
    this.#statements.set(text, statement);
    statement.bind(values.map(sqlValueOf));
    const rows: Cell[][] = [];
    while (statement.step()) rows.push(statement.get().map(cellOf));
    const names = statement.getColumnNames();
    statement.reset();
    return { names, rows };
  }
}

/** What SQLite says otherwise: types, and where it looks its tables up. */
function inSqlite(text: string): string {
  return text
    .replace('bigint generated by default as identity', 'integer')
    .replace('information_schema.tables where table_name', 'sqlite_master where name')
    .replaceAll(/\$(\d+)/g, '?$1');
}
