import { expect } from 'vitest';
import { connect } from '../../src/database/connect.ts';
import { DatabaseError } from '../../src/database/errors.ts';
import type { Database, Row } from '../../src/database/port.ts';
import { queryOne } from '../../src/database/queries.ts';
import { integer, orNull } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { type Direction, type FaultyProxy, type Misfortune, startProxy } from '../support/proxy.ts';
import { type ContractGround, tableName } from './contract.ts';
import { askForOne } from './harness.ts';

/** Rows of the table that is read in streams; several pages of it. */
const manyRows = 12_000;
/** Rows of a batch. */
const batchRows = 400;

/** Something that a connection is needed for. */
export type Work = (database: Database) => Promise<unknown>;

/** What the work failed of, or null. */
export const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** Every kind of statement that the port sends, each as a piece of work. */
export function kindsOfWork(ground: ContractGround): Record<string, Work> {
  const many = () => ({
    table: tableName(ground, 'MANY'),
    columns: ['ID', 'NOTE'],
    key: 'ID',
    batch: { rows: 500, bytes: 1 << 20 },
  });
  const notes: Row[] = Array.from({ length: batchRows }, (_, index) => ['x'.repeat(index % 300), String(index)]);

  return {
    'a question': (login) =>
      queryOne(login, sql`select count(*) as total, max("ID") as last from "MANY" where "ID" > ${10}`, {
        total: integer,
        last: orNull(integer),
      }),
    'a read of many pages': async (login) => {
      let rows = 0;
      for await (const batch of login.readRows(many())) rows += batch.length;
      expect(rows).toBe(manyRows);
    },
    'a read that is slower than the server': async (login) => {
      let batches = 0;
      for await (const _ of login.readRows({ ...many(), key: null })) {
        if (batches++ % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
    'a read by keys': async (login) => {
      const keys = Array.from({ length: 1500 }, (_, index) => String(index * 4));
      for await (const _ of login.readRows({ ...many(), keys }));
    },
    'a read that stops early': async (login) => {
      for await (const _ of login.readRows(many())) break;
    },
    'a batch': (login) =>
      login.transaction(async (transaction) => {
        const stage = await transaction.stage(tableName(ground, 'osusr_abc_Child'), ['NOTE', 'COUNT'], notes);
        await transaction.insertStaged(stage, 'ID');
      }),
    'a batch from a stream': (login) =>
      login.transaction(async (transaction) => {
        async function* parts() {
          for (let part = 0; part < 5; part++) yield notes;
        }
        await transaction.stage(tableName(ground, 'osusr_abc_Child'), ['NOTE', 'COUNT'], parts());
      }),
  };
}

/** A way to a contract's database on which connections are lost. */
export class LossyWay {
  readonly proxy: FaultyProxy;
  readonly #ground: ContractGround;
  #login: Database;

  private constructor(ground: ContractGround, proxy: FaultyProxy) {
    this.#ground = ground;
    this.proxy = proxy;
    this.#login = this.open();
  }

  static async begin(ground: ContractGround): Promise<LossyWay> {
    const { hostname, port } = new URL(ground.database().rowsUrl);
    return new LossyWay(ground, await startProxy({ host: hostname, port: Number(port) }));
  }

  /** Another pool of the row login, by this way. */
  open(): Database {
    return connect({ name: 'test', url: this.proxy.url(this.#ground.database().rowsUrl), readOnly: false, pool: 3 });
  }

  /** Does the work with a fault after so many bytes; whatever happens, the next statement has to be served. */
  async broken(work: Work, kind: Misfortune, direction: Direction, bytes: number): Promise<void> {
    const where = `${kind} ${direction} after ${bytes} bytes`;
    this.proxy.arm({ kind, direction, after: { bytes } });
    const failure = await failureOf(work(this.#login));
    if (failure !== null) {
      expect(failure, where).toBeInstanceOf(DatabaseError);
      // A request to cancel may be on its way still when its own connection is cut, and meet a later statement.
      const { code, cause } = failure as DatabaseError;
      expect(['unreachable', 'cancelled'], `${where}: ${cause}`).toContain(code);
      expect(this.proxy.struck(), where).toBe(true);
    }
    this.proxy.disarm();
    // What was struck without being noticed is noticed now; nothing of it may linger after.
    await askForOne(this.#login).catch(() => undefined);
    expect(await askForOne(this.#login), where).toBe(1);
  }

  /** Bytes that the work sends and gets where nothing happens to it. */
  async measured(work: Work): Promise<Record<Direction, number>> {
    this.proxy.disarm();
    await askForOne(this.#login);
    const before = { toServer: this.proxy.passed('toServer'), toClient: this.proxy.passed('toClient') };
    await work(this.#login);
    return {
      toServer: this.proxy.passed('toServer') - before.toServer,
      toClient: this.proxy.passed('toClient') - before.toClient,
    };
  }

  async end(): Promise<void> {
    await this.#login.close();
    await this.proxy.close();
  }
}

/** Fills the table that the kinds of work read. */
export async function fillForLoss(ground: ContractGround): Promise<void> {
  const { rows: login } = ground.database();
  await login.execute(sql`delete from "MANY"`);
  await login.transaction(async (transaction) => {
    const rows: Row[] = Array.from({ length: manyRows }, (_, index) => [String(index + 1), `note ${index}`]);
    await transaction.insertStaged(await transaction.stage(tableName(ground, 'MANY'), ['ID', 'NOTE'], rows), null);
  });
}
