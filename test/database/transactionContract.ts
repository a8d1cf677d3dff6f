import { describe, expect, it } from 'vitest';
import { type ContractGround, tableName } from './contract.ts';

export function describeTransactions(ground: ContractGround): void {
  const { database } = ground;
  const parent = () => tableName(ground, 'PARENT');
  const add = 'insert into "PARENT" ("NAME") values (?)';

  describe('transactions', () => {
    it('are undone as a whole when the work fails, and the failure comes out as it was', async () => {
      const before = await database().rows.query('select count(*) from "PARENT"');
      const failure = new Error('no more');
      await expect(
        database().rows.transaction(async (transaction) => {
          await transaction.execute(add, ['lost']);
          throw failure;
        }),
      ).rejects.toBe(failure);
      expect(await database().rows.query('select count(*) from "PARENT"')).toEqual(before);
    });

    it('do not end as committed when a statement failed and the work swallowed it', async () => {
      const work = database().rows.transaction(async (transaction) => {
        await transaction.execute(add, ['swallowed']);
        await transaction.execute('select * from "NOSUCH"').catch(() => {});
        await transaction.execute(add, ['swallowed']).catch(() => {});
      });
      await expect(work).rejects.toThrow();
      expect(await database().rows.query('select 1 from "PARENT" where "NAME" = ?', ['swallowed'])).toEqual([]);
    });

    it('see the maximum and the count move as others commit', async () => {
      const other = database().another();
      await database().rows.transaction(async (transaction) => {
        const count = await transaction.count(parent());
        const mark = (await transaction.maximum(parent(), 'ID')) ?? 0n;
        await other.execute(add, ['meanwhile']);
        expect(await transaction.maximum(parent(), 'ID')).toBeGreaterThan(mark);
        expect(await transaction.count(parent())).toBe(count + 1);
      });
    });

    it('have no maximum in an empty table', async () => {
      await database().rows.execute('delete from "UUIDKEY"');
      await database().rows.transaction(async (transaction) => {
        expect(await transaction.maximum(tableName(ground, 'UUIDKEY'), 'N')).toBeNull();
        expect(await transaction.count(tableName(ground, 'UUIDKEY'))).toBe(0);
      });
    });

    it('hold a named lock until they end, and a refused one leaves the transaction usable', async () => {
      const other = database().another();
      let refusedAfterMs = 0;
      await database().rows.transaction(async (transaction) => {
        expect(await transaction.lock('entity', 0)).toBe(true);
        expect(await transaction.lock('entity', 0)).toBe(true);
        await other.transaction(async (second) => {
          const start = performance.now();
          expect(await second.lock('entity', 200)).toBe(false);
          refusedAfterMs = performance.now() - start;
          expect(await second.lock('another entity', 0)).toBe(true);
          expect(await second.query('select 1')).toEqual([['1']]);
        });
      });
      expect(refusedAfterMs).toBeGreaterThanOrEqual(190);
      expect(await other.transaction((third) => third.lock('entity', 0))).toBe(true);
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
      const second = other.transaction((transaction) => transaction.lock('handed over', 5000));
      release();
      await first;
      expect(await second).toBe(true);
    });

    it('find which keys are there, as they were given', async () => {
      await database().rows.execute(add, ['known']);
      const top = (await database().rows.query('select max("ID") from "PARENT"'))[0]![0] as string;
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

  describe('statements', () => {
    it('take parameters of every sort, and question marks that are none', async () => {
      const [row] = await database().rows.query('select "NAME" from "PARENT" where "NAME" = ? or \'a??\' = ?', [
        'meanwhile',
        'nothing',
      ]);
      expect(row).toEqual(['meanwhile']);
      await database().rows.execute('delete from "VALUES"');
      const count = await database().rows.execute(
        'insert into "VALUES" ("ID", "BIGINT", "BOOLEAN", "BINARY", "DATETIME", "TEXT") values (?, ?, ?, ?, ?, ?)',
        [1, 9223372036854775807n, true, Uint8Array.of(1, 2), new Date('2020-06-01T12:00:00.500Z'), null],
      );
      expect(count).toBe(1);
      expect(
        await database().rows.query('select "BIGINT", "BOOLEAN", "BINARY", "DATETIME", "TEXT" from "VALUES"'),
      ).toEqual([['9223372036854775807', '1', Uint8Array.of(1, 2), '2020-06-01 12:00:00.5', null]]);
    });
  });
}
