import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/database/connect.ts';
import { DatabaseError } from '../../src/database/errors.ts';
import type { Database, Row } from '../../src/database/port.ts';
import { type Direction, type FaultyProxy, type Misfortune, startProxy } from '../support/proxy.ts';
import { type ContractGround, tableName } from './contract.ts';

/** Rows of the table that is read in streams; several pages of it. */
const manyRows = 12_000;
/** Places at which each kind of work is broken, beside its first and last bytes. */
const randomPlaces = 3;

type Work = (database: Database) => Promise<unknown>;

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** What becomes of each kind of work when its connection is lost at any byte: an error that says so, and nothing else. */
export function describeLoss(ground: ContractGround): void {
  const { database } = ground;
  const many = () => ({
    table: tableName(ground, 'MANY'),
    columns: ['ID', 'NOTE'],
    key: 'ID',
    batch: { rows: 500, bytes: 1 << 20 },
  });
  const notes: Row[] = Array.from({ length: 400 }, (_, index) => ['x'.repeat(index % 300), String(index)]);

  const kinds: Record<string, Work> = {
    'a question': (login) => login.query('select count(*), max("ID") from "MANY" where "ID" > ?', [10]),
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

  describe('a connection that is lost', () => {
    let proxy: FaultyProxy;
    let login: Database;
    const server = () => {
      const { hostname, port } = new URL(database().rowsUrl);
      return { host: hostname, port: Number(port) };
    };
    const open = () => connect({ name: 'test', url: proxy.url(database().rowsUrl), readOnly: false, pool: 3 });

    beforeAll(async () => {
      proxy = await startProxy(server());
      login = open();
      await database().rows.execute('delete from "MANY"');
      await database().rows.transaction(async (transaction) => {
        const rows: Row[] = Array.from({ length: manyRows }, (_, index) => [String(index + 1), `note ${index}`]);
        await transaction.insertStaged(await transaction.stage(many().table, ['ID', 'NOTE'], rows), null);
      });
    }, 60_000);
    afterAll(async () => {
      await login?.close();
      await proxy?.close();
    });

    /** Does the work with a fault after so many bytes; whatever happens, the next statement has to be served. */
    async function broken(work: Work, kind: Misfortune, direction: Direction, bytes: number): Promise<void> {
      const where = `${kind} ${direction} after ${bytes} bytes`;
      proxy.arm({ kind, direction, after: { bytes } });
      const failure = await failureOf(work(login));
      if (failure !== null) {
        expect(failure, where).toBeInstanceOf(DatabaseError);
        expect((failure as DatabaseError).code, `${where}: ${(failure as DatabaseError).cause}`).toBe('unreachable');
        expect(proxy.struck(), where).toBe(true);
      }
      proxy.disarm();
      // What was struck without being noticed is noticed now; nothing of it may linger after.
      await login.query('select 1').catch(() => undefined);
      expect(await login.query('select 1'), where).toEqual([['1']]);
    }

    /** Bytes that the work sends and gets where nothing happens to it. */
    async function measured(work: Work): Promise<Record<Direction, number>> {
      proxy.disarm();
      await login.query('select 1');
      const before = { toServer: proxy.passed('toServer'), toClient: proxy.passed('toClient') };
      await work(login);
      return {
        toServer: proxy.passed('toServer') - before.toServer,
        toClient: proxy.passed('toClient') - before.toClient,
      };
    }

    it.each(Object.entries(kinds))(
      'in %s is called unreachable, and the next statement is served',
      async (_, work) => {
        const total = await measured(work);
        for (const direction of ['toServer', 'toClient'] as const) {
          const last = total[direction];
          const places = [0, 1, 9, last - 1, ...Array.from({ length: randomPlaces }, () => Math.random() * last)];
          for (const [index, place] of places.entries()) {
            await broken(work, index % 2 === 0 ? 'cut' : 'reset', direction, Math.max(0, Math.floor(place)));
          }
        }
      },
      60_000,
    );

    it('at its login is called unreachable, soon, and the next login is served', async () => {
      proxy.disarm();
      const before = { toServer: proxy.passed('toServer'), toClient: proxy.passed('toClient') };
      const first = open();
      await first.query('select 1');
      await first.close();
      for (const direction of ['toServer', 'toClient'] as const) {
        const last = proxy.passed(direction) - before[direction];
        for (let place = 0; place < last; place += Math.ceil(last / 12)) {
          proxy.arm({ kind: place % 2 === 0 ? 'cut' : 'reset', direction, after: { bytes: place } });
          const one = open();
          const failure = await failureOf(one.query('select 1'));
          if (failure !== null) expect(failure, `${direction} ${place}`).toMatchObject({ code: 'unreachable' });
          proxy.disarm();
          await one.query('select 1').catch(() => undefined);
          expect(await one.query('select 1'), `${direction} ${place}`).toEqual([['1']]);
          await one.close();
        }
      }
    }, 120_000);

    it('on which nothing comes any more is given up, in every kind of work, and so is a login', async () => {
      const { 'a question': question, 'a read that stops early': _, ...rest } = kinds;
      const cases = [
        ...Object.entries(rest).flatMap(([name, work]) => [
          { name, work, kind: 'stall', direction: 'toClient', share: 0.4 } as const,
          { name, work, kind: 'blackHole', direction: 'toServer', share: 0.6 } as const,
        ]),
        { name: 'a login', work: question!, kind: 'stall', direction: 'toClient', share: null } as const,
        { name: 'a login', work: question!, kind: 'blackHole', direction: 'toServer', share: null } as const,
      ];
      const ways = await Promise.all(
        cases.map(async ({ work, kind, direction, share }) => {
          const way = await startProxy(server());
          const open = () => connect({ name: 'test', url: way.url(database().rowsUrl), readOnly: false, pool: 2 });
          if (share === null) {
            way.arm({ kind, direction, after: { bytes: 100 } });
            return { way, open, one: null };
          }
          const one = open();
          await one.query('select 1');
          const before = way.passed(direction);
          await work(one);
          way.arm({ kind, direction, after: { bytes: Math.floor((way.passed(direction) - before) * share) } });
          return { way, open, one };
        }),
      );
      try {
        process.env.CARAVEL_TIMEOUTS = 'short';
        const databases = await Promise.all(
          ways.map(async ({ open, one: opened }, index) => {
            const { name, work, kind, direction, share } = cases[index]!;
            const one = opened ?? open();
            const failure = await failureOf(work(one));
            // A connection that rested is tried first; where that stalls, another takes its place.
            if (failure !== null || share === null) {
              expect(failure, `${name}, ${kind} ${direction}`).toMatchObject({ code: 'unreachable' });
            }
            expect(ways[index]!.way.struck()).toBe(true);
            return one;
          }),
        );
        delete process.env.CARAVEL_TIMEOUTS;
        for (const [index, one] of databases.entries()) {
          ways[index]!.way.disarm();
          await one.query('select 1').catch(() => undefined);
          expect(await one.query('select 1'), cases[index]!.name).toEqual([['1']]);
          await one.close();
        }
      } finally {
        delete process.env.CARAVEL_TIMEOUTS;
        await Promise.all(ways.map(({ way }) => way.close()));
      }
    }, 120_000);
  });
}
