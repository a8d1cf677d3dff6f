import { beforeEach, describe, expect, it } from 'vitest';
import type { Database, MintedIds, Row, Stage, Transaction } from '../../src/database/port.ts';
import { queryOne, queryRows } from '../../src/database/queries.ts';
import { orNull, text } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { type ContractGround, tableName } from './contract.ts';
import { countRows } from './harness.ts';

export function describeWriting(ground: ContractGround): void {
  const { database } = ground;
  const child = () => tableName(ground, 'osusr_abc_Child');
  const plain = () => tableName(ground, 'UUIDKEY');

  async function insert(columns: string[], rows: Row[] | AsyncIterable<Row[]>, login?: Database): Promise<MintedIds> {
    return (login ?? database().rows).transaction(async (transaction) =>
      transaction.insertStaged(await transaction.stage(child(), columns, rows), 'ID'),
    );
  }
  const listed = (ids: MintedIds) =>
    Array.isArray(ids) ? ids : Array.from({ length: ids.count }, (_, index) => ids.first + BigInt(index));
  const stored = (...columns: string[]): Promise<Row[]> => {
    const names = columns.map((column) => sql.id(column));
    return queryRows(database().rows, names, sql`from "osusr_abc_Child" order by "ID"`);
  };

  describe('writing', () => {
    beforeEach(async () => {
      await database().rows.execute(sql`delete from "osusr_abc_Child"`);
    });

    it('mints ids in the order of the rows, whatever their values', async () => {
      const rows: Row[] = Array.from({ length: 20_000 }, (_, index) => [
        String((index * 7919) % 20_011),
        index % 50 === 0 ? 'n'.repeat(3000) : 'short',
      ]);
      const ids = listed(await insert(['COUNT', 'NOTE'], rows));
      expect(ids.length).toBe(rows.length);
      expect((await stored('ID', 'COUNT')).map(([id, count]) => [BigInt(id as string), count])).toEqual(
        rows.map(([count], index) => [ids[index], count]),
      );
    }, 60_000);

    it('gives contiguous ids as a range, though a trigger mints others meanwhile', async () => {
      const before = await countRows(database().rows, 'LOG');
      const ids = await insert(['CODE'], [['a'], ['b'], ['c']]);
      expect(ids).toMatchObject({ count: 3 });
      expect((await countRows(database().rows, 'LOG')) - before).toBe(3);
      expect((await stored('ID', 'CODE')).map(([id, code]) => [BigInt(id as string), code])).toEqual(
        listed(ids).map((id, index) => [id, 'abc'[index]]),
      );
    });

    it('gives each id where another session mints in between', async () => {
      const other = database().another();
      let running = true;
      const busy = (async () => {
        while (running) await other.execute(sql`insert into "osusr_abc_Child" ("NOTE") values (${'from another'})`);
      })();
      const minted: MintedIds[] = [];
      try {
        do {
          const round = minted.length;
          minted.push(
            await insert(
              ['CODE'],
              Array.from({ length: 4000 }, (_, index) => [`${round}-${index}`]),
            ),
          );
        } while (!minted.some(Array.isArray) && minted.length < 30);
      } finally {
        running = false;
        await busy;
      }
      expect(minted.some(Array.isArray)).toBe(true);
      const ours = (await stored('ID', 'CODE')).filter(([, code]) => code !== null);
      expect(ours.map(([id]) => BigInt(id as string))).toEqual(minted.flatMap(listed));
      expect(ours.map(([, code]) => code)).toEqual(
        Array.from({ length: 4000 * minted.length }, (_, index) => `${Math.floor(index / 4000)}-${index % 4000}`),
      );
    }, 60_000);

    it('takes rows as a stream, and no rows at all', async () => {
      async function* parts(): AsyncGenerator<Row[]> {
        for (let part = 0; part < 5; part++) {
          yield Array.from({ length: 100 }, (_, index) => [`${part}-${index}`]);
          yield [];
        }
      }
      expect(listed(await insert(['CODE'], parts())).length).toBe(500);
      expect(listed(await insert(['CODE'], []))).toEqual([]);
      const codes = (await stored('CODE')).flat();
      expect(codes).toEqual(Array.from({ length: 500 }, (_, i) => `${Math.floor(i / 100)}-${i % 100}`));
    });

    it('writes nothing when the stream of rows fails, and goes on working', async () => {
      async function* failing(): AsyncGenerator<Row[]> {
        yield [['first']];
        throw new Error('the source went away');
      }
      await expect(insert(['CODE'], failing())).rejects.toThrow('the source went away');
      expect(await stored('CODE')).toEqual([]);
      expect(listed(await insert(['CODE'], [['again']])).length).toBe(1);
    });

    it('inserts rows that keep their keys', async () => {
      await database().rows.execute(sql`delete from "UUIDKEY"`);
      const rows: Row[] = [['00000000-0000-4000-8000-000000000001', '7']];
      const result = await database().rows.transaction(async (transaction) =>
        transaction.insertStaged(await transaction.stage(plain(), ['KEY', 'N'], rows), null),
      );
      expect(result).toBeNull();
      expect(await queryRows(database().rows, [sql.id('KEY'), sql.id('N')], sql`from "UUIDKEY"`)).toEqual(rows);
    });

    it('fills only what is NULL, and nothing the second time', async () => {
      await database().rows.execute(sql`insert into "PARENT" ("NAME") values (${'p'})`);
      const newest = sql`select max("ID") as id from "PARENT"`;
      const { id: parentId } = await queryOne(database().rows, newest, { id: text });
      const ids = listed(
        await insert(
          ['CODE', 'COUNT'],
          [
            ['a', '1'],
            ['b', null],
            ['c', null],
          ],
        ),
      ).map(String);
      const fill = () =>
        database().rows.transaction(async (transaction) => {
          const stage = await transaction.stage(
            child(),
            ['ID', 'COUNT', 'PARENTID'],
            [
              [ids[0]!, '9', parentId],
              [ids[1]!, '8', null],
              [ids[2]!, null, null],
            ],
          );
          return transaction.fillFromStage(stage, 'ID', ['COUNT', 'PARENTID']);
        });
      expect(await fill()).toBe(2);
      expect(await stored('COUNT', 'PARENTID')).toEqual([
        ['1', parentId],
        ['8', null],
        [null, null],
      ]);
      expect(await fill()).toBe(0);
    });

    it('deletes a range of keys and counts', async () => {
      const ids = listed(await insert(['CODE'], [['a'], ['b'], ['c'], ['d']])).map(String);
      const remove = (after: string | null, upTo: string | null) =>
        database().rows.transaction((transaction) => transaction.deleteRange(child(), 'ID', { after, upTo }));
      expect(await remove(ids[0]!, ids[2]!)).toBe(2);
      expect((await stored('CODE')).flat()).toEqual(['a', 'd']);
      expect(await remove(null, null)).toBe(2);
    });

    it('deletes the rows of some keys, by any column', async () => {
      await insert(['CODE'], [['a'], ['b'], ['b'], ['it\'s {\\"}'], [null]]);
      const remove = (keys: string[]) =>
        database().rows.transaction((transaction) => transaction.deleteKeys(child(), 'CODE', keys));
      expect(await remove([])).toBe(0);
      expect(await remove(['b', 'nobody', 'it\'s {\\"}'])).toBe(3);
      expect((await stored('CODE')).flat()).toEqual(['a', null]);
    });

    it('deletes some rows, whichever, until there are none', async () => {
      await insert(['CODE'], [['a'], ['b'], [null]]);
      const remove = (limit: number) =>
        database().rows.transaction((transaction) => transaction.deleteSome(child(), limit));
      expect(await remove(2)).toBe(2);
      expect(await stored('CODE')).toHaveLength(1);
      expect(await remove(2)).toBe(1);
      expect(await remove(2)).toBe(0);
    });

    it('clears columns of some keys, by any column, and no other', async () => {
      await insert(
        ['CODE', 'COUNT'],
        [
          ['a', '1'],
          ['b', '2'],
          ['b', '3'],
        ],
      );
      const clear = (keys: string[], columns: string[]) =>
        database().rows.transaction((transaction) => transaction.clearColumns(child(), 'CODE', keys, columns));
      expect(await clear(['b', 'nobody'], ['COUNT'])).toBe(2);
      expect(await clear([], ['COUNT'])).toBe(0);
      expect(await clear(['a'], [])).toBe(0);
      expect(await stored('CODE', 'COUNT')).toEqual([
        ['a', '1'],
        ['b', null],
        ['b', null],
      ]);
    });

    it('overwrites what is staged, NULL too, and nothing else', async () => {
      const ids = listed(
        await insert(
          ['CODE', 'COUNT'],
          [
            ['a', '1'],
            ['b', '2'],
            ['c', '3'],
          ],
        ),
      ).map(String);
      const found = await database().rows.transaction(async (transaction) => {
        const rows: Row[] = [
          [ids[0]!, 'A', null],
          [ids[2]!, 'C', '30'],
          ['999999999', 'x', '0'],
        ];
        return transaction.overwriteFromStage(await transaction.stage(child(), ['ID', 'CODE', 'COUNT'], rows), 'ID', [
          'CODE',
          'COUNT',
        ]);
      });
      expect(found).toBe(2);
      expect(await stored('CODE', 'COUNT')).toEqual([
        ['A', null],
        ['b', '2'],
        ['C', '30'],
      ]);
    });

    it('knows where the counter of an identity stands', async ({ skip }) => {
      skip(!database().can.showIdentities, 'the server hides it from this login');
      const ids = listed(await insert(['CODE'], [['a'], ['b']]));
      const asked = ['CODE', 'ID', 'COUNT'].map((column) => ({ table: child(), column }));
      expect(await database().rows.identityPositions(asked)).toEqual([null, ids.at(-1), null]);
      expect(await database().rows.identityPositions([])).toEqual([]);
      await database().restartIdentity('osusr_abc_Child', 'ID', 900_000);
      expect(listed(await insert(['CODE'], [['c']]))).toEqual([900_000n]);
    });
  });

  describe('staged rows', () => {
    const people = () => tableName(ground, 'PEOPLE');
    const on = ['TENANT', 'NAME'];
    const staged: Row[] = [
      ['1', 'ANA'],
      ['1', 'Bea'],
      ['2', 'ana'],
      ['1', 'ana'],
      ['1', null],
      ['1', null],
      ['2', 'Ana'],
    ];

    it('are matched with rows of the table, and with each other, by its own collations', async () => {
      const { owner, rows, readOnly } = database();
      await owner.execute(sql`delete from "PEOPLE"`);
      const table: [number, string | null, string][] = [
        [1, 'ana', 'first'],
        [1, 'Ana', 'second'],
        [2, 'Bea', 'third'],
        [1, null, 'fourth'],
      ];
      for (const [tenant, name, email] of table) {
        await owner.execute(
          sql`insert into "PEOPLE" ("TENANT", "NAME", "EMAIL") values (${tenant}, ${name}, ${email})`,
        );
      }
      for (const login of [rows, readOnly]) {
        const [matches, some, twins] = await login.transaction(async (transaction) => {
          const stage = await transaction.stage(people(), on, staged);
          return [
            await transaction.matchStaged(stage, on, ['EMAIL', 'TENANT']),
            await transaction.matchStaged(stage, on, ['EMAIL'], { from: 1, to: 4 }),
            await transaction.stagedTwins(stage, on),
          ];
        });
        const byText = (left: { row: number; cells: Row }, right: { row: number; cells: Row }) =>
          left.row - right.row || String(left.cells[0]).localeCompare(String(right.cells[0]));
        expect([...matches].sort(byText)).toEqual([
          { row: 0, cells: ['first', '1'] },
          { row: 0, cells: ['second', '1'] },
          { row: 3, cells: ['first', '1'] },
          { row: 3, cells: ['second', '1'] },
        ]);
        expect(some.map(({ row }) => row)).toEqual([3, 3]);
        expect(twins).toEqual([
          { row: 3, first: 0 },
          { row: 6, first: 2 },
        ]);
      }
    });

    it('change nothing through a connection that is opened for reading', async () => {
      const { owner, readOnly } = database();
      await owner.execute(sql`delete from "PEOPLE"`);
      await owner.execute(sql`insert into "PEOPLE" ("TENANT", "NAME") values (1, ${'ana'})`);
      const attempts = [
        (transaction: Transaction, stage: Stage) => transaction.insertStaged(stage, 'ID'),
        (transaction: Transaction, stage: Stage) => transaction.overwriteFromStage(stage, 'TENANT', ['NAME']),
        (transaction: Transaction, stage: Stage) => transaction.fillFromStage(stage, 'TENANT', ['NAME']),
        (transaction: Transaction) => transaction.deleteKeys(people(), 'NAME', ['ana']),
        (transaction: Transaction) => transaction.deleteRange(people(), 'ID', { after: null, upTo: null }),
        (transaction: Transaction) => transaction.deleteSome(people(), 1),
        (transaction: Transaction) => transaction.clearColumns(people(), 'NAME', ['ana'], ['NAME']),
        (transaction: Transaction) => transaction.execute(sql`delete from "PEOPLE"`),
      ];
      for (const attempt of attempts) {
        const refused = readOnly.transaction(async (transaction) =>
          attempt(transaction, await transaction.stage(people(), on, staged.slice(0, 1))),
        );
        await expect(refused).rejects.toMatchObject({ code: 'permission' });
      }
      expect(await owner.query(sql`select "NAME" from "PEOPLE"`, { name: orNull(text) })).toEqual([{ name: 'ana' }]);
    });
  });
}
