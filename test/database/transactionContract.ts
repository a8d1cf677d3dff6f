import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/errors.ts';
import { queryOne } from '../../src/database/queries.ts';
import { rolledBack } from '../../src/database/rolledBack.ts';
import { text } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { type ContractGround, tableName } from './contract.ts';
import { askForOne, countRows } from './harness.ts';

export function describeTransactions(ground: ContractGround): void {
  const { database } = ground;
  const parent = () => tableName(ground, 'PARENT');
  const add = (name: string) => sql`insert into "PARENT" ("NAME") values (${name})`;
  const named = (name: string) =>
    database().rows.query(sql`select "NAME" from "PARENT" where "NAME" = ${name}`, { name: text });

  describe('transactions', () => {
    it('are undone as a whole when the work fails, and the failure comes out as it was', async () => {
      const before = await countRows(database().rows, 'PARENT');
      const failure = new Error('no more');
      await expect(
        database().rows.transaction(async (transaction) => {
          await transaction.execute(add('lost'));
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await countRows(database().rows, 'PARENT')).toBe(before);
    });

    it('do not end as committed when a statement failed and the work swallowed it', async () => {
      const work = database().rows.transaction(async (transaction) => {
        await transaction.execute(add('swallowed'));
        await transaction.execute(sql`select * from "NOSUCH"`).catch(() => {});
        await transaction.execute(add('swallowed')).catch(() => {});
      });
      await expect(work).rejects.toThrow();
      expect(await named('swallowed')).toEqual([]);
    });

    it('see the maximum and the count move as others commit', async () => {
      const other = database().another();
      await database().rows.transaction(async (transaction) => {
        const count = await transaction.count(parent());
        const mark = (await transaction.maximum(parent(), 'ID')) ?? 0n;
        await other.execute(add('meanwhile'));
        expect(await transaction.maximum(parent(), 'ID')).toBeGreaterThan(mark);
        expect(await transaction.count(parent())).toBe(count + 1);
      });
    });

    it('have no maximum in an empty table', async () => {
      await database().rows.execute(sql`delete from "UUIDKEY"`);
      await database().rows.transaction(async (transaction) => {
        expect(await transaction.maximum(tableName(ground, 'UUIDKEY'), 'N')).toBeNull();
        expect(await transaction.count(tableName(ground, 'UUIDKEY'))).toBe(0);
      });
    });

    it('hold a named lock until they end, and a refused one leaves the transaction usable', async () => {
      const other = database().another();
      let refusedAfterMs = 0;
      await database().rows.transaction(async (transaction) => {
        expect(await transaction.tryLock('entity', 0)).toBe(true);
        expect(await transaction.tryLock('entity', 0)).toBe(true);
        await transaction.lock('entity', 0);
        await other.transaction(async (second) => {
          const start = performance.now();
          expect(await second.tryLock('entity', 200)).toBe(false);
          refusedAfterMs = performance.now() - start;
          expect(await second.tryLock('another entity', 0)).toBe(true);
          expect(await askForOne(second)).toBe(1);
        });
      });
      expect(refusedAfterMs).toBeGreaterThanOrEqual(190);
      expect(await other.transaction((third) => third.tryLock('entity', 0))).toBe(true);
    });

    it('fail of a lock that somebody keeps, by its name and after the time to wait, and are undone', async () => {
      const other = database().another();
      const resource = 'run 7, "quality"';
      let refusedAfterMs = 0;
      await database().rows.transaction(async (transaction) => {
        await transaction.lock(resource, 0);
        const refused = other.transaction(async (second) => {
          await second.execute(add('waited in vain'));
          const start = performance.now();
          await second.lock(resource, 300).finally(() => {
            refusedAfterMs = performance.now() - start;
          });
        });
        const failure = await refused.catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(DatabaseError);
        expect(failure).toMatchObject({ code: 'lockTimeout', database: 'test', retryable: true, rowLevel: false });
        expect(String(failure)).toContain(`'${resource}'`);
        expect(await askForOne(other)).toBe(1);
      });
      expect(refusedAfterMs).toBeGreaterThanOrEqual(290);
      expect(refusedAfterMs).toBeLessThan(3_000);
      expect(await named('waited in vain')).toEqual([]);
      await other.transaction((third) => third.lock(resource, 0));
    });

    it('can still ask, write and be rolled back where they did not get a lock, and keep what they hold', async () => {
      const other = database().another();
      await database().rows.transaction(async (transaction) => {
        await transaction.lock('kept', 0);
        const asked = await rolledBack(other, async (second) => {
          await second.lock('its own', 0);
          await expect(second.lock('kept', 0)).rejects.toMatchObject({ code: 'lockTimeout' });
          await second.execute(add('rolled back'));
          expect(await transaction.tryLock('its own', 0)).toBe(false);
          return askForOne(second);
        });
        expect(asked).toBe(1);
        expect(await transaction.tryLock('its own', 0)).toBe(true);
      });
      expect(await named('rolled back')).toEqual([]);
    });

    it('get a lock as soon as its holder lets go', async () => {
      const other = database().another();
      let release: () => void = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let taken: () => void = () => {};
      const isTaken = new Promise<void>((resolve) => {
        taken = resolve;
      });
      const first = database().rows.transaction(async (transaction) => {
        await transaction.lock('handed over', 0);
        taken();
        await held;
      });
      await isTaken;
      const second = other.transaction((transaction) => transaction.tryLock('handed over', 5000));
      const third = other.transaction((transaction) => transaction.lock('handed over', 5000));
      release();
      await first;
      expect(await second).toBe(true);
      await third;
    });

    it('find which keys are there, as they were given', async () => {
      await database().rows.execute(add('known'));
      const newest = sql`select max("ID") as id from "PARENT"`;
      const { id: top } = await queryOne(database().rows, newest, { id: text });
      const keys = [...Array.from({ length: 20_000 }, (_, index) => String(1_000_000 + index)), top, '-1'];
      const find = (asked: string[]) =>
        database().rows.transaction((transaction) => transaction.existingKeys(parent(), 'ID', asked));
      expect(await find(keys)).toEqual([top]);
      expect(await find([])).toEqual([]);
    });

    it('stage twice for the same table in one transaction', async () => {
      await database().rows.transaction(async (transaction) => {
        const first = await transaction.stage(parent(), ['NAME'], [['one']]);
        const second = await transaction.stage(parent(), ['NAME'], [['two'], ['three']]);
        expect([first.rows, second.rows]).toEqual([1, 2]);
        expect(await transaction.insertStaged(second, 'ID')).toMatchObject({ count: 2 });
        expect(await transaction.insertStaged(first, 'ID')).toMatchObject({ count: 1 });
      });
    });

    it('leave no connection behind', async () => {
      expect(await database().openConnections()).toBeLessThan(30);
    });
  });
}
