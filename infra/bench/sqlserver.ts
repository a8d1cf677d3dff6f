import { TYPES } from 'tedious';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { queryRows } from '../../src/database/queries.ts';
import { bigInteger, integer, orNull } from '../../src/database/shape.ts';
import { type Sql, sql } from '../../src/database/sql.ts';
import type { DataType } from '../../src/database/sqlserver/driver.ts';
import { openPool } from '../../src/database/sqlserver/pool.ts';
import type { Session } from '../../src/database/sqlserver/session.ts';
import { query, runBatch, streamRows } from '../../src/database/sqlserver/statements.ts';
import { columnTypes } from '../../src/database/sqlserver/tableTypes.ts';
import { written } from '../sqlText.ts';
import type { BenchEngine } from './engine.ts';
import { orderColumns, orderTable, statuses } from './environment.ts';

/** @param server `mssql://` URL of a login that may create databases; the benchmark's are called caravel_bench_… */
export function sqlserverBench(server: string): BenchEngine {
  const urlOf = (database: string) => Object.assign(new URL(server), { pathname: `/${database}` }).href;
  const on = async <T>(url: string, work: (database: Database) => Promise<T>): Promise<T> => {
    const database = connect({ name: 'bench', url, readOnly: false, pool: 2 });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  return {
    floor: 'read out | bulk load in',
    types: {
      integer: 'int',
      long: 'bigint',
      text: 'nvarchar(200)',
      email: 'varchar(250)',
      dateTime: 'datetime',
      currency: 'decimal(37,8)',
      decimal: 'decimal(10,2)',
      boolean: 'bit',
    },
    no: '0',
    identity: { integer: 'int identity(1,1)', long: 'bigint identity(1,1)' },
    withIds,
    async recreateDatabase(name) {
      const database = `caravel_bench_${name}`;
      await on(urlOf('master'), async (master) => {
        await master.execute(written(`DROP DATABASE IF EXISTS ${database}`));
        await master.execute(written(`CREATE DATABASE ${database}`));
      });
      return urlOf(database);
    },
    async fill(database, { code, offset, orders, customers, allUsers }) {
      const order = orderTable(code);
      const write = (table: string, insert: string) =>
        database.transaction(async (transaction) => {
          const { before, after } = withIds(table);
          for (const statement of [...before, written(insert), ...after]) await transaction.execute(statement);
        });
      const series = (
        from: number,
        count: number,
      ) => `(SELECT ${from} + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n AS n
        FROM ${digits} AS a CROSS JOIN ${digits} AS b CROSS JOIN ${digits} AS c CROSS JOIN ${digits} AS d CROSS JOIN ${digits} AS e
        WHERE a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n < ${count})`;
      for (let from = 1; from <= customers; from += 100_000) {
        await write(
          `OSUSR_${code}_CUSTOMER`,
          `INSERT INTO "OSUSR_${code}_CUSTOMER" ("ID", "NAME")
           SELECT n + n / 9, 'Customer ' + CAST(n AS varchar(12)) + ' of the benchmark' FROM ${series(from, Math.min(100_000, customers - from + 1))} AS s`,
        );
      }
      for (let from = 1; from <= orders; from += 100_000) {
        await write(
          order,
          `INSERT INTO "${order}" (${orderColumns.map((name) => `"${name}"`).join(', ')})
           SELECT n + n / 9, 'ORD-' + RIGHT('00000000' + CAST(n AS varchar(12)), 9), c + c / 9,
             ${offset} + 1 + (n * CAST(7919 AS bigint)) % ${allUsers}, ${offset} + 1 + n % ${statuses},
             DATEADD(second, n * 13, CAST('2024-01-01 00:00:00' AS datetime)), ((n * CAST(7919 AS bigint)) % 1000000) / 100.0, (n % 40) / 2.0,
             CASE WHEN n % 3 = 0 THEN 1 ELSE 0 END, n % 17, 'customer' + CAST(c AS varchar(12)) + '@example.com',
             CASE WHEN n % 4 = 0 THEN N'Deliver to the back door, ring twice — thank you' ELSE '' END
           FROM (SELECT n, 1 + (n * CAST(104729 AS bigint)) % ${customers} AS c FROM ${series(from, Math.min(100_000, orders - from + 1))} AS s) AS t
           ORDER BY n`,
        );
      }
    },
    async analyze(database) {
      await database.execute(sql`EXEC sp_updatestats`).catch(() => {
        // Only estimates depend on it.
      });
    },
    empty: (url, table) =>
      on(url, async (database) => {
        await database.execute(sql`DELETE FROM ${sql.id(table)}`);
      }),
    /** Each column as the driver likes it best: nothing is made exact, staged or captured. */
    copyTable: (source, target, table) =>
      onSession(source, (reader) => onSession(target, (writer) => pipe(reader, writer, table))),
    async insertEach(source, target, table, columns, count) {
      const names = columns.map((name) => sql.id(name));
      const read = columns.map((name) => (name === 'TOTAL' ? sql`CAST(${sql.id(name)} AS varchar(41))` : sql.id(name)));
      const first = sql`SELECT TOP (${sql.literal(count)}) * FROM ${sql.id(table)} ORDER BY "ID"`;
      const rows = await on(source, (database) => queryRows(database, read, sql`FROM (${first}) AS t ORDER BY "ID"`));
      const into = sql`INSERT INTO ${sql.id(table)} (${sql.list(names)})`;
      await onSession(target, async (session) => {
        for (const row of rows) {
          const insert = sql`${into} VALUES (${sql.list(row)}); SELECT SCOPE_IDENTITY() AS id`;
          await query(session, insert, { id: bigInteger });
        }
      });
    },
    databaseSize: (url) =>
      on(url, async (database) => {
        const size = sql`SELECT SUM(CAST(size AS bigint)) * 8192 AS bytes FROM sys.database_files`;
        const [row] = await database.query(size, { bytes: orNull(integer) }).catch(() => []);
        return row?.bytes ?? Number.NaN;
      }),
  };
}

const withIds = (table: string): { before: Sql[]; after: Sql[] } => ({
  before: [sql`SET IDENTITY_INSERT ${sql.id(table)} ON`],
  after: [sql`SET IDENTITY_INSERT ${sql.id(table)} OFF`],
});

const digits = `(${Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`).join(' UNION ALL ')})`;

async function onSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const pool = openPool({ name: 'bench', url, readOnly: false, pool: 1 });
  try {
    return await pool.use(work);
  } finally {
    await pool.close();
  }
}

const bulkTypes: Record<string, DataType> = {
  int: TYPES.Int,
  bigint: TYPES.BigInt,
  bit: TYPES.Bit,
  nvarchar: TYPES.NVarChar,
  varchar: TYPES.VarChar,
  // As text: the driver writes a wrong number for a large precision.
  decimal: TYPES.VarChar,
  datetime: TYPES.DateTime,
};

async function pipe(reader: Session, writer: Session, table: string): Promise<void> {
  const types = await columnTypes(reader, { schema: 'dbo', name: table }, orderColumns);
  await runBatch(writer, `SET IDENTITY_INSERT dbo.[${table}] ON;`);
  const ready: unknown[][] = [];
  const sink = {
    take: (values: { value: unknown }[]) => {
      ready.push(values.map(({ value }) => value));
    },
    next: () => ready.shift(),
    full: () => ready.length >= 10_000,
  };
  const list = orderColumns.map((column, index) => {
    return types[index]!.base === 'decimal' ? `CONVERT(varchar(41), [${column}])` : `[${column}]`;
  });
  const rows = streamRows<unknown[]>(reader, `SELECT ${list.join(', ')} FROM dbo.[${table}]`, [], sink);
  await new Promise<void>((resolve, reject) => {
    const load = writer.connection.newBulkLoad(
      `dbo.[${table}]`,
      { keepNulls: true, checkConstraints: true },
      (error) => (error ? reject(error) : resolve()),
    );
    for (const [index, type] of types.entries()) {
      const length = type.base === 'decimal' ? 41 : type.length;
      const options = { nullable: index > 0, ...(length === null ? {} : { length }) };
      load.addColumn(orderColumns[index]!, bulkTypes[type.base]!, options);
    }
    writer.connection.execBulkLoad(load, rows);
  });
}
