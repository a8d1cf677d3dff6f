import { beforeAll, describe, expect, it } from 'vitest';
import type { Database, Row, RowRead } from '../../src/database/port.ts';
import { sql } from '../../src/database/sql.ts';
import { type ContractGround, tableName } from './contract.ts';
import { askForOne, countRows } from './harness.ts';

const manyRows = 25_000;

export function describeReading(ground: ContractGround): void {
  const { database } = ground;

  async function batches(read: Partial<RowRead> & { from: string }, login?: Database): Promise<Row[][]> {
    const all: Row[][] = [];
    const { from, ...rest } = read;
    for await (const batch of (login ?? database().readOnly).readRows({
      table: tableName(ground, from),
      columns: ['ID'],
      key: 'ID',
      batch: { rows: 1000, bytes: 1 << 20 },
      ...rest,
    })) {
      all.push(batch);
    }
    return all;
  }
  const ids = (all: Row[][]) => all.flat().map(([id]) => Number(id));

  async function write(name: string, columns: string[], rows: Row[]): Promise<void> {
    await database().rows.transaction(async (transaction) => {
      await transaction.insertStaged(await transaction.stage(tableName(ground, name), columns, rows), null);
    });
  }

  describe('reading', () => {
    beforeAll(async () => {
      const rows: Row[] = Array.from({ length: manyRows }, (_, index) => [
        String((index + 1) * 2),
        index % 100 === 0 ? `note ${index}` : null,
      ]);
      await write('MANY', ['ID', 'NOTE'], rows.reverse());
    }, 60_000);

    it('gives every row once, in key order, over many pages', async () => {
      const read = ids(await batches({ from: 'MANY', batch: { rows: 700, bytes: 1 << 20 } }));
      expect(read.length).toBe(manyRows);
      expect(read.every((id, index) => id === (index + 1) * 2)).toBe(true);
    });

    it('takes the lower bound as exclusive and the upper one as inclusive', async () => {
      expect(ids(await batches({ from: 'MANY', after: '10', upTo: '16' }))).toEqual([12, 14, 16]);
      expect(ids(await batches({ from: 'MANY', after: '9', upTo: '13' }))).toEqual([10, 12]);
      expect(await batches({ from: 'MANY', after: '50000' })).toEqual([]);
    });

    it('bounds a batch by rows', async () => {
      const sizes = (await batches({ from: 'MANY', upTo: '50', batch: { rows: 10, bytes: 1 << 20 } })).map(
        (batch) => batch.length,
      );
      expect(sizes).toEqual([10, 10, 5]);
    });

    it('bounds a batch by bytes, and gives a larger row alone', async () => {
      const name = 'VALUES';
      await database().rows.execute(sql`delete from "VALUES"`);
      const lengths = [10, 10, 5000, 10, 10];
      await write(
        name,
        ['ID', 'TEXT'],
        lengths.map((length, index) => [String(index + 1), 'x'.repeat(length)]),
      );
      const read = await batches({ from: name, columns: ['ID', 'TEXT'], batch: { rows: 100, bytes: 1000 } });
      expect(read.map((batch) => batch.length)).toEqual([2, 1, 2]);
    });

    it('keeps the key out of the rows where it was not asked for', async () => {
      const read = await batches({ from: 'MANY', columns: ['NOTE'], batch: { rows: 4000, bytes: 1 << 20 } });
      expect(read.flat().length).toBe(manyRows);
      expect(read.flat().every((row) => row.length === 1)).toBe(true);
    });

    it('reads only rows with a value in one of the columns', async () => {
      const read = ids(await batches({ from: 'MANY', anyNotNull: ['NOTE'] }));
      expect(read.length).toBe(manyRows / 100);
      expect(read[1]).toBe(202);
    });

    it('reads all rows in no order without a key', async () => {
      const read = ids(await batches({ from: 'MANY', key: null }));
      expect(read.sort((a, b) => a - b)[manyRows - 1]).toBe(manyRows * 2);
      expect(new Set(read).size).toBe(manyRows);
    });

    it('reads the rows of any number of keys, in key order, and none for no keys', async () => {
      expect(ids(await batches({ from: 'MANY', keys: ['40', '3', '8', '8'] }))).toEqual([8, 40]);
      const keys = Array.from({ length: 12_000 }, (_, index) => String((12_000 - index) * 3));
      const read = ids(await batches({ from: 'MANY', keys }));
      expect(read).toEqual(Array.from({ length: 6000 }, (_, index) => (index + 1) * 6));
      expect(await batches({ from: 'MANY', keys: [] })).toEqual([]);
    });

    it('reads the rows that have one of some values in another column, page after page', async () => {
      await write(
        'TEXTKEY',
        ['CODE', 'N'],
        Array.from({ length: 9000 }, (_, index) => [`c${String(index).padStart(5, '0')}`, String(index % 3000)]),
      );
      const among = { column: 'N', keys: Array.from({ length: 1500 }, (_, index) => String(index * 2)) };
      const read = (await batches({ from: 'TEXTKEY', columns: ['CODE', 'N'], key: 'CODE', among })).flat();
      expect(read.length).toBe(4500);
      expect(read.every(([, n]) => Number(n) % 2 === 0)).toBe(true);
      expect(new Set(read.map(([code]) => code)).size).toBe(4500);
      const after = read[4000]![0] as string;
      const rest = (await batches({ from: 'TEXTKEY', columns: ['CODE', 'N'], key: 'CODE', among, after })).flat();
      expect(rest).toEqual(read.slice(4001));
      expect(await batches({ from: 'TEXTKEY', columns: ['N'], key: 'CODE', among: { column: 'N', keys: [] } })).toEqual(
        [],
      );
      await database().rows.execute(sql`delete from "TEXTKEY"`);
    });

    it('loses no row to the order of a language, and starts after any text key', async () => {
      const words = ['Zebra', 'apple', 'Äpfel', 'apfel', 'Apple', 'éclair', "o'neil", 'back\\slash', 'two words', '_x'];
      const rows: Row[] = Array.from({ length: 11_000 }, (_, index) => [
        `${words[index % words.length]} ${index}`,
        String(index),
      ]);
      await write('TEXTKEY', ['CODE', 'N'], rows);
      const all = (await batches({ from: 'TEXTKEY', columns: ['CODE', 'N'], key: 'CODE' })).flat();
      expect(new Set(all.map(([, n]) => n)).size).toBe(rows.length);
      const middle = 5123;
      const after = all[middle]![0] as string;
      const rest = (await batches({ from: 'TEXTKEY', columns: ['CODE', 'N'], key: 'CODE', after })).flat();
      expect(rest).toEqual(all.slice(middle + 1));
      const few = all.filter((_, index) => index % 3 === 0).map(([code]) => code as string);
      expect((await batches({ from: 'TEXTKEY', key: 'CODE', columns: ['CODE'], keys: few })).flat().flat()).toEqual(
        few,
      );
    }, 60_000);

    it('loses no row where the database takes different texts for equal', async () => {
      const rows: Row[] = Array.from({ length: 10_500 }, (_, index) => [
        `${index % 2 ? 'Key' : 'kEY'}${index}`,
        String(index),
      ]);
      await write('CASELESSKEY', ['CODE', 'N'], rows);
      const read = (await batches({ from: 'CASELESSKEY', columns: ['N'], key: 'CODE' })).flat();
      expect(new Set(read.map(([n]) => n)).size).toBe(rows.length);
      const found = await database().rows.transaction((transaction) =>
        transaction.existingKeys(tableName(ground, 'CASELESSKEY'), 'CODE', ['KEY7', 'key10499', 'key10500']),
      );
      expect(found).toEqual(['KEY7', 'key10499']);
    }, 60_000);

    it('pages over uuid keys', async () => {
      const rows: Row[] = Array.from({ length: 300 }, (_, index) => [
        `${((index * 7919) % 65536).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
        String(index),
      ]);
      await write('UUIDKEY', ['KEY', 'N'], rows);
      const read = (await batches({ from: 'UUIDKEY', columns: ['KEY'], key: 'KEY' })).flat().flat() as string[];
      expect(read.length).toBe(300);
      const rest = await batches({ from: 'UUIDKEY', columns: ['KEY'], key: 'KEY', after: read[99]!, upTo: read[199]! });
      expect(rest.flat().flat()).toEqual(read.slice(100, 200));
    });

    it('leaves the database usable when the reader stops early, fails, or never starts', async () => {
      const login = database().another();
      const read = { table: tableName(ground, 'MANY'), columns: ['ID'], key: 'ID', batch: { rows: 10, bytes: 1000 } };
      for (let time = 0; time < 12; time++) {
        for await (const batch of login.readRows(read)) {
          expect(batch.length).toBe(10);
          break;
        }
      }
      await expect(
        (async () => {
          for await (const _ of login.readRows({ ...read, key: null })) throw new Error('the reader failed');
        })(),
      ).rejects.toThrow('the reader failed');
      login.readRows(read);
      expect(await countRows(login, 'MANY')).toBe(manyRows);
    });

    it('gives no more rows than the limit, the first ones, over pages too', async () => {
      expect(ids(await batches({ from: 'MANY', limit: 3 }))).toEqual([2, 4, 6]);
      expect(ids(await batches({ from: 'MANY', limit: 11_500, after: '10' })).at(-1)).toBe(23_010);
      expect(ids(await batches({ from: 'MANY', limit: 7, upTo: '8' }))).toEqual([2, 4, 6, 8]);
      expect(ids(await batches({ from: 'MANY', key: null, limit: 40 })).length).toBe(40);
      expect(await batches({ from: 'MANY', limit: 0 })).toEqual([]);
    });

    it('ends only where no row is left, whatever goes meanwhile in front of the reader', async () => {
      const other = database().another();
      const gone = new Set<number>();
      let position = 0;
      let reading = true;
      const deleting = (async () => {
        while (reading) {
          const id = position + 2 * (1 + (gone.size % 40));
          await other.execute(sql`delete from "MANY" where "ID" = ${id}`);
          gone.add(id);
        }
      })();
      const read = new Set<number>();
      for await (const batch of database().readOnly.readRows({
        table: tableName(ground, 'MANY'),
        columns: ['ID'],
        key: 'ID',
        // Pages of a hundred rows: one ends in every few deletions.
        batch: { rows: 100, bytes: 100 },
      })) {
        for (const [id] of batch) read.add(Number(id));
        position = Number(batch.at(-1)![0]);
      }
      reading = false;
      await deleting;
      for (let id = 2; id <= manyRows * 2; id += 2) {
        if (!read.has(id)) expect(gone.has(id), `row ${id} was not read`).toBe(true);
      }
      await write(
        'MANY',
        ['ID', 'NOTE'],
        [...gone].filter((id) => id <= manyRows * 2).map((id) => [String(id), null]),
      );
    }, 60_000);

    it('serves the next statement wherever a reader stops, in tables of any size, with large values or without', async () => {
      const login = database().another();
      const blobs: Row[] = Array.from({ length: 40 }, (_, index) => [String(index + 1), new Uint8Array(200_000)]);
      await login.execute(sql`delete from "VALUES"`);
      await write('VALUES', ['ID', 'BINARY'], blobs);
      const tables = [
        { from: 'VALUES', columns: ['ID', 'BINARY'], rows: 40 },
        { from: 'MANY', columns: ['ID', 'NOTE'], rows: manyRows },
      ];
      for (const { from, columns, rows } of tables) {
        for (const key of ['ID', null]) {
          for (const stop of [1, 2, 7, 33, Math.floor(rows / 2), rows]) {
            let read = 0;
            const batch = { rows: stop < 100 ? 1 : 500, bytes: 1 << 20 };
            for await (const some of login.readRows({ table: tableName(ground, from), columns, key, batch })) {
              read += some.length;
              if (read >= stop) break;
            }
            expect(await askForOne(login)).toBe(1);
          }
        }
      }
      expect(await database().openConnections()).toBeLessThan(30);
    }, 60_000);

    it('ends with "unreachable" when the server goes away in the middle, and works again after', async () => {
      const login = database().another();
      const read = async () => {
        let count = 0;
        for await (const batch of login.readRows({
          table: tableName(ground, 'MANY'),
          columns: ['ID', 'NOTE'],
          key: 'ID',
          batch: { rows: 10, bytes: 1000 },
        })) {
          if (count === 0) await database().cutConnections();
          count += batch.length;
        }
        return count;
      };
      await expect(read()).rejects.toMatchObject({ code: 'unreachable', retryable: true });
      expect(await askForOne(login)).toBe(1);
    });

    it('lets those who find all connections lent wait their turn', async () => {
      const counts = await Promise.all(
        Array.from({ length: 20 }, async () => ids(await batches({ from: 'MANY', upTo: '2000' })).length),
      );
      expect(new Set(counts)).toEqual(new Set([1000]));
    });

    it('refuses to write through a connection opened read-only', async () => {
      await expect(database().readOnly.execute(sql`delete from "MANY"`)).rejects.toMatchObject({ code: 'permission' });
    });
  });
}
