import { randomBytes } from 'node:crypto';
import mssql from 'mssql';
import { readAddress } from '../../src/database/sqlserver/address.ts';
import { connectSqlServer } from '../../src/database/sqlserver/connect.ts';
import { quoteIdentifier as quoted } from '../../src/database/sqlserver/quoting.ts';
import type { Capabilities, DatabaseHarness, TestColumn, TestDatabase, TestTable, TestType } from './harness.ts';

const types: Record<TestType, string> = {
  identity: 'bigint IDENTITY(1,1)',
  bigint: 'bigint',
  integer: 'int',
  'decimal(37,8)': 'decimal(37,8)',
  boolean: 'bit',
  text: 'nvarchar(max)',
  'text(50)': 'nvarchar(50)',
  'caseless text(50)': 'nvarchar(50) COLLATE Latin1_General_CI_AS',
  binary: 'varbinary(max)',
  datetime: 'datetime',
  date: 'date',
  time: 'time(7)',
  float: 'float',
  uuid: 'uniqueidentifier',
};

/** @param administratorUrl `mssql://` of a login that may make databases and logins */
export function sqlserverHarness(administratorUrl: string): DatabaseHarness {
  const urlOf = (database: string, user?: string, password?: string) => {
    const url = new URL(administratorUrl);
    url.pathname = `/${database}`;
    if (user !== undefined) url.username = user;
    if (password !== undefined) url.password = password;
    return url.href;
  };
  const asAdministrator = (database: string, ...statements: string[]) => runBatches(urlOf(database), statements);
  /** The first of several ways that the server knows. */
  const firstOf = async (database: string, ...ways: string[][]) => {
    for (const [index, way] of ways.entries()) {
      try {
        await asAdministrator(database, ...way);
        return;
      } catch (error) {
        if (index === ways.length - 1) throw error;
      }
    }
  };

  const capabilities = async (database: string, loginUrl: string): Promise<Capabilities> => {
    const names = await asAdministrator(database, "SELECT name FROM sys.tables WHERE LOWER(name) = 'parent'");
    const text = await asAdministrator(
      database,
      'SELECT CONVERT(varbinary(4), NCHAR(55357) + NCHAR(0)) AS bytes',
    ).catch(() => []);
    const bracket = await asAdministrator(database, 'SELECT 1 AS [a]]b]').catch(() => []);
    const missing = await asAdministrator(database, 'SELECT 1 FROM dbo.there_is_no_such_table').catch((error) => error);
    const identity = await runBatches(loginUrl, ['SELECT COUNT(*) AS [seen] FROM sys.identity_columns']);
    return {
      keepNames: names[0]?.name === 'PARENT',
      takeEveryName: bracket[0]?.['a]b'] === 1,
      holdEveryText: Buffer.isBuffer(text[0]?.bytes) && text[0].bytes.toString('hex') === '3dd80000',
      showIdentities: Number(identity[0]?.seen) > 0,
      numberErrors: (missing as { number?: number }).number === 208,
    };
  };

  return {
    engine: 'sqlserver',
    async create(tables): Promise<TestDatabase> {
      const name = `contract_${randomBytes(6).toString('hex')}`;
      const login = `${name}_rows`;
      const password = `Aa1!${randomBytes(8).toString('hex')}`;
      await asAdministrator('master', `CREATE DATABASE ${name}`, `CREATE LOGIN ${login} WITH PASSWORD = '${password}'`);
      await asAdministrator(name, `CREATE USER ${login} FOR LOGIN ${login}`, ...tables.flatMap(definition));
      await firstOf(
        name,
        [`ALTER ROLE db_datareader ADD MEMBER ${login}`, `ALTER ROLE db_datawriter ADD MEMBER ${login}`],
        tables.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON dbo.${quoted(table.name)} TO ${login}`),
      );
      const opened: ReturnType<typeof connectSqlServer>[] = [];
      const open = (url: string, readOnly: boolean) => {
        const database = connectSqlServer({ name: 'test', url, readOnly, pool: 4 });
        opened.push(database);
        return database;
      };
      const loginUrl = urlOf(name, login, password);
      const sessions = () =>
        asAdministrator(
          'master',
          `SELECT session_id FROM sys.dm_exec_sessions WHERE login_name = '${login}' OR original_login_name = '${login}'`,
        );
      return {
        schema: 'dbo',
        can: await capabilities(name, loginUrl),
        ownerUrl: urlOf(name),
        rowsUrl: loginUrl,
        owner: open(urlOf(name), false),
        rows: open(loginUrl, false),
        readOnly: open(loginUrl, true),
        another: () => open(loginUrl, false),
        revoke: (table, right) =>
          firstOf(
            name,
            [`DENY ${right} ON dbo.${quoted(table)} TO ${login}`],
            [`REVOKE ${right} ON dbo.${quoted(table)} FROM ${login}`],
          ),
        restartIdentity: async (table, _column, next) => {
          await asAdministrator(name, `DBCC CHECKIDENT ('dbo.${table}', RESEED, ${next - 1})`);
        },
        cutConnections: async () => {
          for (const { session_id: id } of await sessions()) {
            // It may have ended meanwhile.
            await asAdministrator('master', `KILL ${id}`).catch(() => {});
          }
        },
        openConnections: async () => (await sessions()).length,
        drop: async () => {
          await Promise.all(opened.map((database) => database.close()));
          await firstOf(
            'master',
            [`ALTER DATABASE ${name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`, `DROP DATABASE ${name}`],
            [`DROP DATABASE ${name}`],
          );
          await asAdministrator('master', `DROP LOGIN ${login}`);
        },
      };
    },
    unreachable: () =>
      connectSqlServer({ name: 'nowhere', url: 'mssql://nobody:x@127.0.0.1:1/none', readOnly: false, pool: 1 }),
    wrongPassword: () =>
      connectSqlServer({
        name: 'locked',
        url: urlOf('master', new URL(administratorUrl).username, 'wrong'),
        readOnly: false,
        pool: 1,
      }),
  };
}

/** @returns the rows of the last one */
async function runBatches(url: string, statements: string[]): Promise<Record<string, unknown>[]> {
  const pool = new mssql.ConnectionPool(readAddress({ name: 'test', url, readOnly: false, pool: 1 }));
  await pool.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await pool.request().batch(statement)).recordset ?? [];
    return rows;
  } finally {
    await pool.close();
  }
}

function definition(table: TestTable): string[] {
  const list = (names: string[]) => names.map(quoted).join(', ');
  const parts = table.columns.map((column) => columnDefinition(column, table.primaryKey?.includes(column.name)));
  if (table.primaryKey) parts.push(`PRIMARY KEY (${list(table.primaryKey)})`);
  for (const reference of table.references ?? []) {
    parts.push(`CONSTRAINT ${quoted(reference.name)} FOREIGN KEY (${quoted(reference.column)})
      REFERENCES dbo.${quoted(reference.table)} (${quoted(reference.targetColumn)})${reference.cascade ? ' ON DELETE CASCADE' : ''}`);
  }
  const target = `dbo.${quoted(table.name)}`;
  const statements = [`CREATE TABLE ${target} (${parts.join(', ')})`];
  if (table.unique) {
    statements.push(`CREATE UNIQUE INDEX ${quoted(table.unique.name)} ON ${target} (${list(table.unique.columns)})`);
  }
  if (table.index)
    statements.push(`CREATE INDEX ${quoted(table.index.name)} ON ${target} (${list(table.index.columns)})`);
  if (table.trigger) {
    statements.push(
      `CREATE TRIGGER ${quoted(table.trigger.name)} ON ${target} AFTER INSERT AS
       BEGIN
         DECLARE @rows int;
         SELECT @rows = COUNT(*) FROM inserted;
         WHILE @rows > 0
         BEGIN
           INSERT INTO dbo.${quoted(table.trigger.insertsInto)} DEFAULT VALUES;
           SET @rows = @rows - 1;
         END
       END`,
    );
  }
  return statements;
}

function columnDefinition({ name, type, required, default: value }: TestColumn, isKey: boolean | undefined): string {
  const nullability = required || isKey ? ' NOT NULL' : ' NULL';
  return `${quoted(name)} ${types[type]}${nullability}${value === undefined ? '' : ` DEFAULT ${type === 'binary' ? `0x${value}` : value}`}`;
}
