import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { written } from '../../infra/sqlText.ts';
import type { PhysicalTable, Row } from '../../src/database/port.ts';
import { openPool } from '../../src/database/postgres/session.ts';
import { run } from '../../src/database/postgres/statements.ts';
import { insertStagedRows } from '../../src/database/postgres/writing.ts';
import { queryRows } from '../../src/database/queries.ts';
import { integer } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { countRows, type TestDatabase } from './harness.ts';
import { postgresHarness } from './postgresHarness.ts';

const url = process.env.CARAVEL_TEST_POSTGRES;
if (url === undefined) throw new Error('set CARAVEL_TEST_POSTGRES to the postgres:// URL of a superuser');

/** What only PostgreSQL has, or does in its own way. */
describe('postgres alone', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await postgresHarness(url).create([
      {
        name: 'T',
        columns: [
          { name: 'ID', type: 'identity' },
          { name: 'N', type: 'integer' },
        ],
        primaryKey: ['ID'],
      },
    ]);
    for (const statement of [
      'CREATE DOMAIN money_amount AS numeric(12,2)',
      `CREATE TABLE "ODD" (
         "SERIAL" serial PRIMARY KEY, "ALWAYS" bigint GENERATED ALWAYS AS IDENTITY, "DOUBLED" int GENERATED ALWAYS AS (2) STORED,
         "AMOUNT" money_amount, "ZONED" timestamptz, "ANY" numeric, "REAL" real, "CHAR" char(3), "JSON" jsonb,
         "WHAT""?" text)`,
      'CREATE UNIQUE INDEX "LOWER_CHAR" ON "ODD" (lower("CHAR"))',
      'CREATE UNIQUE INDEX "PARTIAL" ON "ODD" ("CHAR") WHERE "SERIAL" > 5',
      'CREATE VIEW "ODD_VIEW" AS SELECT "SERIAL" FROM "ODD"',
      'GRANT SELECT, INSERT, UPDATE, DELETE ON "ODD" TO PUBLIC',
      'CREATE TABLE "PICKY" ("N" integer)',
      'GRANT SELECT, INSERT ON "PICKY" TO PUBLIC',
      `CREATE FUNCTION pick() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN IF NEW."N" = 13 THEN RETURN NULL; END IF; RETURN NEW; END'`,
      'CREATE TRIGGER pick BEFORE INSERT ON "PICKY" FOR EACH ROW EXECUTE FUNCTION pick()',
    ]) {
      await database.owner.execute(written(statement));
    }
  });

  afterAll(async () => {
    await database?.drop();
  });

  const named = (name: string) => ({ schema: 'public', name });
  const insert = (table: string, columns: string[], rows: Row[]) =>
    database.rows.transaction(async (transaction) => {
      await transaction.insertStaged(await transaction.stage(named(table), columns, rows), null);
    });

  it('mints ids above the sort: rank decides, not where the rows lie', async () => {
    const pool = openPool({ name: 'test', url: database.ownerUrl, readOnly: false, pool: 1 });
    try {
      const table = named('T');
      const rows = 5000;
      await pool.use(async (session) => {
        await run(
          session,
          `CREATE TEMPORARY TABLE shuffled AS
             SELECT n AS "N", n AS "caravel rank" FROM generate_series(0, ${rows - 1}) n ORDER BY md5(n::text)`,
        );
        const stage = { table, columns: ['N'], rows, temporary: 'pg_temp.shuffled' };
        expect(await insertStagedRows(session, stage, 'ID')).toMatchObject({ count: rows });
      });
      const unordered = await database.rows.query(
        sql`select count(*) as rows from "T" where "ID" - (select min("ID") from "T") <> "N"`,
        { rows: integer },
      );
      expect(unordered).toEqual([{ rows: 0 }]);
    } finally {
      await pool.close();
    }
  });

  it('describes serials, identities, computed columns, domains, views and odd indexes', async () => {
    const [odd, view] = (await database.rows.tables(['ODD', 'odd_view'])) as [PhysicalTable, PhysicalTable];
    const byName = new Map(odd.columns.map((column) => [column.name, column]));
    expect(byName.get('SERIAL')!.identity).toBe(true);
    expect(byName.get('ALWAYS')!.identity).toBe(true);
    expect(byName.get('DOUBLED')).toMatchObject({ computed: true, default: null });
    expect(byName.get('AMOUNT')).toMatchObject({ kind: 'decimal', precision: 12, scale: 2 });
    expect(byName.get('ZONED')!.kind).toBe('datetime');
    expect(byName.get('JSON')!.kind).toBe('other');
    expect(byName.get('CHAR')).toMatchObject({ kind: 'text', length: 3 });
    expect(odd.indexes).toEqual([{ name: 'PARTIAL', columns: ['CHAR'], unique: false }]);
    expect(view.type).toBe('view');
  });

  it('tells that a serial cannot be used without its sequence', async () => {
    const insertRight = async () => (await database.rows.rights([named('ODD')]))[0]!.insert;
    expect(await insertRight()).toBe(false);
    await database.owner.execute(sql`GRANT USAGE ON SEQUENCE "ODD_SERIAL_seq" TO PUBLIC`);
    expect(await insertRight()).toBe(true);
  });

  it('passes special numbers, zones and odd names through', async () => {
    const columns = ['SERIAL', 'AMOUNT', 'ZONED', 'ANY', 'REAL', 'CHAR', 'JSON', 'WHAT"?'];
    const rows: Row[] = [
      ['1', '1.5', '2020-06-01 10:00:00.25', 'NaN', 'Infinity', 'a  ', '{"a": [1, "\\\\"]}', '?'],
      ['2', '-10', 'infinity', '-Infinity', 'NaN', 'abc', null, null],
      ['3', '0', '0044-03-15 00:00:00 BC', '1e3', '1e+20', null, null, ''],
    ];
    await insert('ODD', columns, rows);
    rows[2]![3] = '1000';
    const read: Row[] = [];
    for await (const batch of database.readOnly.readRows({
      table: named('ODD'),
      columns,
      key: 'SERIAL',
      batch: { rows: 10, bytes: 1000 },
    })) {
      read.push(...batch);
    }
    expect(read).toEqual(rows);
    const names = columns.map((name) => sql.id(name));
    const from = sql`from "ODD" where ${sql.id('WHAT"?')} = ${'?'}`;
    expect(await queryRows(database.rows, names, from)).toEqual([rows[0]]);
  });

  it('refuses a text it cannot hold, and names the column', async () => {
    for (const text of ['nul\0', 'half \ud83d']) {
      await expect(insert('ODD', ['SERIAL', 'WHAT"?'], [['50', text]])).rejects.toMatchObject({
        code: 'invalidValue',
        column: 'WHAT"?',
        rowLevel: true,
      });
    }
  });

  it('says when a trigger leaves rows out', async () => {
    await expect(insert('PICKY', ['N'], [['12'], ['13']])).rejects.toThrow(/took 1 of 2 rows/);
    expect(await countRows(database.rows, 'PICKY')).toBe(0);
  });

  it('knows a counter that was set back, where it may look', async () => {
    await database.owner.execute(sql`ALTER TABLE "T" ALTER COLUMN "ID" RESTART WITH 40`);
    const column = { table: named('T'), column: 'ID' };
    expect(await database.owner.identityPositions([column])).toEqual([39n]);
    expect(await database.rows.identityPositions([column])).toEqual([null]);
  });
});
