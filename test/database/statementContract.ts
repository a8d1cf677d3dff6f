import { describe, expect, it } from 'vitest';
import { written } from '../../infra/sqlText.ts';
import type { EngineName, Parameter, Row, TableName } from '../../src/database/port.ts';
import { queryOne, queryRows } from '../../src/database/queries.ts';
import { bytes, cell, integer, orNull, text } from '../../src/database/shape.ts';
import { type Sql, sql } from '../../src/database/sql.ts';
import { type ContractGround, tableName } from './contract.ts';
import { askForOne, countRows } from './harness.ts';

/** A value of every sort, by column. */
const everySort: Record<string, Parameter> = {
  ID: 1,
  BIGINT: -9223372036854775807n,
  BOOLEAN: true,
  BINARY: Uint8Array.of(1, 2),
  DATETIME: new Date('2020-06-01T12:00:00.500Z'),
  TEXT: null,
  FLOAT: 0.1,
};
const sorts = sql.list(Object.keys(everySort).map((column) => sql.id(column)));
const insertEverySort = sql`insert into "VALUES" (${sorts}) values (${sql.list(Object.values(everySort))})`;
const readEverySort = sql`select ${sorts} from "VALUES"`;
const shapeOfEverySort = {
  id: integer,
  bigInt: text,
  boolean: text,
  binary: bytes,
  dateTime: text,
  text: orNull(text),
  float: text,
};
const everySortRead = {
  id: 1,
  bigInt: '-9223372036854775807',
  boolean: '1',
  binary: Uint8Array.of(1, 2),
  dateTime: '2020-06-01 12:00:00.5',
  text: null,
  float: '0.1',
};

/** The longest names, in letters that have to be quoted: of 63 bytes, and of 128 characters. */
const longest: Record<EngineName, string> = { postgres: 'x"]'.repeat(21), sqlserver: `${'x"]'.repeat(42)}xx` };
const hostileTable = `T "]'? $1 @p0 -- \n`;
const hostileColumns = [
  ...[
    'a]b"c--',
    'q?t',
    '?',
    'line\nbreak',
    '$1',
    '@p0',
    "it's",
    'back\\slash',
    '/* no comment */',
    'select',
    '""',
    ']]',
  ],
  ...['ünï 文😀', '%s ${', ';', '[x].[y]', '"x"."y"', '`´’“'],
];
const hostileTexts = [
  ...[
    "'",
    "''",
    "'; drop table t; --",
    '\\',
    "\\'; --",
    '$1',
    '@p0',
    '?',
    '"',
    ']',
    'line\nbreak',
    '',
    '%',
    '$$',
    "N'x'",
  ],
  ...['ünï 文😀', 'C:\\new\\table'],
];
const textTypes: Record<EngineName, Sql> = { postgres: sql`text`, sqlserver: sql`nvarchar(400)` };

export function describeStatements(ground: ContractGround): void {
  const { database } = ground;

  describe('statements', () => {
    it('take parameters of every sort, and question marks that are none', async () => {
      const { rows } = database();
      await rows.execute(sql`insert into "PARENT" ("NAME") values (${'asked for'})`);
      const either = sql`select "NAME" from "PARENT" where "NAME" = ${'asked for'} or 'a??' = ${'nothing'}`;
      expect((await rows.query(either, { name: text }))[0]).toEqual({ name: 'asked for' });
      await rows.execute(sql`delete from "VALUES"`);
      expect(await rows.execute(insertEverySort)).toBe(1);
      expect(await rows.query(readEverySort, shapeOfEverySort)).toEqual([everySortRead]);
    });

    it('that a person is given say the same, their values written out', async () => {
      const { rows } = database();
      const statement = rows.textOf(insertEverySort);
      expect(statement).not.toMatch(/\$\d|@p\d|\?/);
      await rows.execute(sql`delete from "VALUES"`);
      expect(await rows.execute(written(statement))).toBe(1);
      expect(await rows.query(readEverySort, shapeOfEverySort)).toEqual([everySortRead]);
    });

    it('name the columns that there are, where the shape has another', async () => {
      const { rows } = database();
      const read = sql`select "ID", "NAME" from "PARENT"`;
      await expect(rows.query(read, { name: cell, eMail: cell })).rejects.toThrow(/no column 'eMail', but id, name$/i);
      expect(await askForOne(rows)).toBe(1);
    });

    it('take lists of any length', async () => {
      const { rows } = database();
      const table = tableName(ground, 'TEXTKEY');
      await rows.execute(sql`delete from "TEXTKEY"`);
      await rows.transaction(async (transaction) => {
        const cells: Row[] = Array.from({ length: 5_000 }, (_, index) => [`it's "${index}"?`, String(index)]);
        await transaction.insertStaged(await transaction.stage(table, ['CODE', 'N'], cells), null);
      });
      for (const length of [1, 3, 5_000]) {
        const numbers = Array.from({ length }, (_, index) => index * 2);
        const among = (column: string, values: Parameter[]) =>
          queryOne(
            rows,
            sql`select count(*) as found from ${sql.table(table)} where ${sql.id(column)} in (${sql.list(values)})`,
            { found: integer },
          );
        const found = Math.min(length, 2_500);
        expect(await among('N', numbers)).toEqual({ found });
        const codes = numbers.map((number) => `it's "${number}"?`);
        expect(await among('CODE', codes)).toEqual({ found });
      }
      await rows.execute(sql`delete from "TEXTKEY"`);
    });
  });

  describe('names and texts of any sort', () => {
    const { engine } = ground.harness;
    const id = 'the "id"';
    // A server that takes fewer names takes none for a column that is also a parameter's.
    const isTaken = (name: string) =>
      database().can.takeEveryName || /^(?![@$])[^\]\u{10000}-\u{10ffff}]{1,63}$/u.test(name);

    interface Hostile {
      table: TableName;
      target: Sql;
      columns: string[];
      /** One for each text; in each column each text is once. */
      rows: string[][];
    }

    async function withTable(work: (hostile: Hostile) => Promise<void>): Promise<void> {
      const { owner } = database();
      const table = tableName(ground, isTaken(hostileTable) ? hostileTable : hostileTable.replaceAll(']', '['));
      const target = sql.table(table);
      const columns = [longest[engine], ...hostileColumns].filter(isTaken);
      const rows = hostileTexts.map((_, row) =>
        columns.map((_, column) => hostileTexts[(row + column) % hostileTexts.length] ?? ''),
      );
      const declared = columns.map((column) => sql`${sql.id(column)} ${textTypes[engine]}`);
      await owner.execute(
        sql`create table ${target} (${sql.id(id)} bigint not null primary key, ${sql.list(declared)})`,
      );
      try {
        await work({ table, target, columns, rows });
      } finally {
        await owner.execute(sql`drop table ${target}`);
      }
    }

    const namesOf = ({ columns }: Hostile) => [id, ...columns].map((column) => sql.id(column));
    const insert = (hostile: Hostile, row: number, cells: string[]) =>
      sql`insert into ${hostile.target} (${sql.list(namesOf(hostile))}) values (${sql.list([row, ...cells])})`;
    const read = (hostile: Hostile) =>
      sql`select ${sql.list(namesOf(hostile))} from ${hostile.target} order by ${sql.id(id)}`;
    const shapeOf = ({ columns }: Hostile) => ({
      [id]: integer,
      ...Object.fromEntries(columns.map((column) => [column, orNull(text)])),
    });
    const shaped = ({ columns }: Hostile, row: number, cells: (string | null)[]) => ({
      [id]: row,
      ...Object.fromEntries(columns.map((column, index) => [column, cells[index]])),
    });

    it('are created, written, read and found by the tag', async () => {
      const { owner } = database();
      await withTable(async (hostile) => {
        const { target, columns, rows } = hostile;
        for (const [row, cells] of rows.entries()) {
          const statement = insert(hostile, row, cells);
          // Every other one as a person would run it.
          expect(await owner.execute(row % 2 === 0 ? statement : written(owner.textOf(statement)))).toBe(1);
        }
        const expected = rows.map((cells, row) => shaped(hostile, row, cells));
        expect(await owner.query(read(hostile), shapeOf(hostile))).toEqual(expected);
        const names = columns.map((column) => sql.id(column));
        expect(await queryRows(owner, names, sql`from ${target} order by ${sql.id(id)}`)).toEqual(rows);
        for (const [index, column] of columns.entries()) {
          for (const [row, cells] of rows.entries()) {
            const same = sql.all([sql`${sql.id('t', column)} = ${cells[index] ?? ''}`]);
            const found = await owner.query(sql`select ${sql.id(id)} from ${target} t where ${same}`, {
              [id]: integer,
            });
            expect(found).toEqual([{ [id]: row }]);
          }
        }
      });
    }, 60_000);

    it('are changed and deleted by the tag', async () => {
      const { owner } = database();
      await withTable(async (hostile) => {
        const { target, columns, rows } = hostile;
        const [cells = []] = rows;
        await owner.execute(insert(hostile, 0, cells));
        const changed = cells.map((value, index) => (index % 3 === 0 ? null : `${value}${value}`));
        const set = columns.map((column, index) => sql`${sql.id(column)} = ${changed[index] ?? null}`);
        expect(await owner.execute(sql`update ${target} set ${sql.list(set)}`)).toBe(1);
        expect(await owner.query(read(hostile), shapeOf(hostile))).toEqual([shaped(hostile, 0, changed)]);
        const same = columns.map((column, index) => {
          const value = changed[index] ?? null;
          return value === null ? sql`${sql.id(column)} is null` : sql`${sql.id(column)} = ${sql.literal(value)}`;
        });
        expect(await owner.execute(sql`delete from ${target} where ${sql.all(same)}`)).toBe(1);
      });
    });

    it('are in the catalog as they are, and are read, staged and inserted', async () => {
      const { owner } = database();
      await withTable(async ({ table, columns, rows }) => {
        const all = [id, ...columns];
        const [described] = await owner.tables([table.name]);
        expect(described?.columns.map(({ name }) => name)).toEqual(all);
        const cells = rows.map((row, index): Row => [String(index), ...row]);
        await owner.transaction(async (transaction) => {
          await transaction.insertStaged(await transaction.stage(table, all, cells), null);
        });
        const found: Row[] = [];
        const batch = { rows: 5, bytes: 1 << 20 };
        for await (const some of owner.readRows({ table, columns: all, key: id, batch })) found.push(...some);
        expect(found).toEqual(cells);
      });
    });
  });

  describe('statements for an administrator', () => {
    it('have an identity go on from any value, up or down', async () => {
      const { owner } = database();
      const add = (name: string) => owner.execute(sql`insert into "PARENT" ("NAME") values (${name})`);
      await add('first');
      for (const value of [7_000_000_000n, 5_000n]) {
        await owner.execute(sql`delete from "PARENT" where "NAME" = ${'next'} or "ID" > ${value}`);
        const statement = owner.reseedText({ table: tableName(ground, 'PARENT'), column: 'ID' }, value);
        await owner.query(written(statement), {});
        await add('next');
        const minted = sql`select "ID" from "PARENT" where "NAME" = ${'next'}`;
        expect(await queryOne(owner, minted, { id: text }), statement).toEqual({ id: String(value + 1n) });
      }
    });

    it('give back the space of deleted rows, and change nothing', async () => {
      const { owner } = database();
      await owner.execute(sql`insert into "PARENT" ("NAME") values (${'stays'})`);
      const before = await countRows(owner, 'PARENT');
      await owner.reclaim('PARENT');
      expect(await countRows(owner, 'PARENT')).toBe(before);
    });
  });
}
