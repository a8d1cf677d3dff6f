import { connect } from '../../../src/database/connect.ts';
import type { Cell, Database } from '../../../src/database/port.ts';
import { shortenedName } from '../schema/applicationTables.ts';
import { queueTables } from '../schema/processTables.ts';
import { type ColumnDescription, type ColumnType, neutralValue, type Value } from '../schema/tables.ts';
import type { CreateDemoDatabase, DemoDatabase } from './dialect.ts';
import { queueStatements } from './eventTriggers.ts';

const password = 'Caravel-demo-1';
const rowsAtATime = 5_000;
const longestName = 128;
/** Only a database that holds this table is ever replaced. */
const marker = 'caravel_demo';

const quoted = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
const named = (name: string): string => quoted(shortenedName(name, longestName));
const text = (value: string): string => `N'${value.replaceAll("'", "''")}'`;

/** The platform's own types (metamodel §5). */
function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'integer':
      return 'int';
    case 'bigInteger':
      return 'bigint';
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'boolean':
      return 'bit';
    case 'dateTime':
      return 'datetime';
    case 'text':
      return `${type.ascii ? 'varchar' : 'nvarchar'}(${type.length === null || type.length > 2_000 ? 'max' : type.length})`;
    case 'binary':
      return 'varbinary(max)';
  }
}

function defaultExpression(type: ColumnType): string {
  const value = neutralValue(type);
  if (value instanceof Uint8Array) return '0x';
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'string' ? text(value) : String(value);
}

function columnDefinition(column: ColumnDescription): string {
  const parts = [quoted(column.name), typeName(column.type)];
  if (column.identity) parts.push('IDENTITY(1,1)');
  parts.push(column.nullable ? 'NULL' : 'NOT NULL');
  if (column.hasDefault) parts.push(`DEFAULT ${defaultExpression(column.type)}`);
  return parts.join(' ');
}

function cellOf(value: Value, type: ColumnType): Cell {
  if (value === null || value instanceof Uint8Array) return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return type.kind === 'boolean' ? (Number(value) === 0 ? '0' : '1') : String(value);
}

/** URL of a database of the server, and of a login to it. */
function urlOf(serverUrl: string, database: string, login?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  if (login !== undefined) {
    url.username = login;
    url.password = password;
  }
  return url.href;
}

const open = (url: string) => connect({ name: 'the demo', url, readOnly: false, pool: 2 });

async function onServer<T>(serverUrl: string, work: (server: Database) => Promise<T>): Promise<T> {
  const server = open(urlOf(serverUrl, 'master'));
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

/**
 * Creates the database on the server of `serverUrl` (a login that may create databases and logins). One that is there
 * is used when it is empty, and replaced when the demo made it.
 * @throws Error when it holds anything else
 */
export const createSqlServerDatabase: CreateDemoDatabase = async (serverUrl, name) => {
  await onServer(serverUrl, async (server) => {
    const [row] = await server.query('SELECT DB_ID(?)', [name]);
    if (row?.[0] != null && (await isOurs(serverUrl, name))) await drop(server, name);
    const [left] = await server.query('SELECT DB_ID(?)', [name]);
    if (left?.[0] == null) await server.execute(`CREATE DATABASE ${quoted(name)}`);
  });
  const url = urlOf(serverUrl, name);
  const database = open(url);
  await database.execute(`CREATE TABLE ${marker} (created datetime NOT NULL DEFAULT CURRENT_TIMESTAMP)`);

  const demo: DemoDatabase = {
    url,
    async createTable(table) {
      await database.execute(
        `CREATE TABLE dbo.${quoted(table.name)} (${table.columns.map(columnDefinition).join(', ')})`,
      );
    },
    async createView(view) {
      const statement = `CREATE VIEW dbo.${quoted(view.name)} AS ${view.query}`;
      // A view must be alone in its batch.
      await database.execute(`EXEC (${text(statement)})`);
    },
    async load(table, rows) {
      const target = { schema: 'dbo', name: table.name };
      const columns = table.columns.map(({ name: column }) => column);
      const keepsIdentity = table.columns.some(({ identity }) => identity);
      let count = 0;
      const write = (cells: Cell[][]) =>
        database.transaction(async (transaction) => {
          const stage = await transaction.stage(target, columns, cells);
          if (keepsIdentity) await transaction.execute(`SET IDENTITY_INSERT dbo.${quoted(table.name)} ON`);
          await transaction.insertStaged(stage, null);
          if (keepsIdentity) await transaction.execute(`SET IDENTITY_INSERT dbo.${quoted(table.name)} OFF`);
        });
      let cells: Cell[][] = [];
      for (const row of rows) {
        cells.push(row.map((value, index) => cellOf(value, table.columns[index]!.type)));
        count++;
        if (cells.length === rowsAtATime) {
          await write(cells);
          cells = [];
        }
      }
      if (cells.length > 0) await write(cells);
      return count;
    },
    async addKeys(table, gap) {
      const target = `dbo.${quoted(table.name)}`;
      if (table.primaryKey) {
        const { name: key, column } = table.primaryKey;
        await database.execute(`ALTER TABLE ${target} ADD CONSTRAINT ${named(key)} PRIMARY KEY (${quoted(column)})`);
      }
      for (const index of table.indexes) {
        const columns = index.columns.map(quoted).join(', ');
        await database.execute(
          `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ${named(index.name)} ON ${target} (${columns})`,
        );
      }
      for (const column of table.columns.filter((one) => one.identity)) {
        const [row] = await database.query(`SELECT COALESCE(MAX(${quoted(column.name)}), 0) FROM ${target}`);
        const largest = Number(row![0]);
        await database.execute(`DBCC CHECKIDENT ('${target.replaceAll("'", "''")}', RESEED, ${largest + gap})`);
      }
    },
    async addForeignKeys(table) {
      for (const key of table.foreignKeys) {
        await database.execute(
          `ALTER TABLE dbo.${quoted(table.name)} ADD CONSTRAINT ${named(key.name)} FOREIGN KEY (${quoted(key.column)})
           REFERENCES dbo.${quoted(key.target)} (${quoted(key.targetColumn)})${key.cascade ? ' ON DELETE CASCADE' : ''}`,
        );
      }
    },
    async createTrigger(trigger) {
      const statements = queueStatements(trigger, quoted, {
        inserted: 'inserted',
        isUpdate: '@update = 1',
        now: 'GETDATE()',
        true: '1',
        false: '0',
      });
      const statement = `CREATE TRIGGER dbo.${quoted(trigger.name)} ON dbo.${quoted(trigger.table)} AFTER INSERT, UPDATE AS
        BEGIN
          SET NOCOUNT ON;
          DECLARE @update bit = CASE WHEN EXISTS (SELECT 1 FROM deleted) THEN 1 ELSE 0 END;
          ${statements}
        END`;
      // A trigger must be alone in its batch.
      await database.execute(`EXEC (${text(statement)})`);
    },
    async createLogin(login, writableTables) {
      await onServer(serverUrl, async (server) => {
        await server.execute(`DROP LOGIN ${quoted(login)}`).catch(() => {});
        await server.execute(`CREATE LOGIN ${quoted(login)} WITH PASSWORD = '${password}'`);
      });
      await database.execute(`CREATE USER ${quoted(login)} FOR LOGIN ${quoted(login)}`);
      await grant(database, login, writableTables);
      return urlOf(serverUrl, name, login);
    },
    async analyze() {
      await database.execute('EXEC sp_updatestats').catch(() => {
        // Only estimates depend on it.
      });
    },
    close: () => database.close(),
  };
  return demo;
};

/** The two roles of OutSystems' cloud; where a server lacks them, the same rights on each table. */
async function grant(database: Database, login: string, writableTables: readonly string[]): Promise<void> {
  try {
    await database.execute(`ALTER ROLE db_datareader ADD MEMBER ${quoted(login)}`);
    if (writableTables.length > 0) await database.execute(`ALTER ROLE db_datawriter ADD MEMBER ${quoted(login)}`);
  } catch {
    for (const { schema, name } of await database.tables()) {
      await database.execute(`GRANT SELECT ON ${quoted(schema)}.${quoted(name)} TO ${quoted(login)}`);
    }
    for (const name of writableTables) {
      await database.execute(`GRANT INSERT, UPDATE, DELETE ON dbo.${quoted(name)} TO ${quoted(login)}`);
    }
    // There, triggers run with the rights of whoever writes.
    for (const { name } of writableTables.length > 0 ? queueTables : []) {
      await database.execute(`GRANT INSERT ON dbo.${quoted(name)} TO ${quoted(login)}`);
    }
  }
}

/** @throws Error when the database holds tables that the demo did not make */
async function isOurs(serverUrl: string, name: string): Promise<boolean> {
  const database = open(urlOf(serverUrl, name));
  try {
    const tables = (await database.tables()).map((table) => table.name.toLowerCase());
    if (tables.includes(marker)) return true;
    if (tables.length === 0) return false;
    throw new Error(`the database ${name} holds tables that the demo did not make; name an empty or a new one`);
  } finally {
    await database.close();
  }
}

async function drop(server: Database, name: string): Promise<void> {
  // Ends other connections to it, where the server knows how to.
  await server.execute(`ALTER DATABASE ${quoted(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`).catch(() => {});
  await server.execute(`DROP DATABASE ${quoted(name)}`);
}

/** Drops a demo database, if it is there, and the logins that were made for it. */
export async function dropSqlServerDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, async (server) => {
    const [row] = await server.query('SELECT DB_ID(?)', [name]);
    if (row?.[0] != null && (await isOurs(serverUrl, name))) await drop(server, name);
    for (const login of [`${name}_reader`, `${name}_writer`]) {
      await server.execute(`DROP LOGIN ${quoted(login)}`).catch(() => {
        // It was not there.
      });
    }
  });
}
