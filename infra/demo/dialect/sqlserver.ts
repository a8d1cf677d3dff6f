import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../../src/database/connect.ts';
import type { Cell, Database } from '../../../src/database/port.ts';
import { queryOne } from '../../../src/database/queries.ts';
import { integer, orNull } from '../../../src/database/shape.ts';
import { type Sql, sql } from '../../../src/database/sql.ts';
import { written } from '../../sqlText.ts';
import { shortenedName } from '../schema/applicationTables.ts';
import { queueTables } from '../schema/processTables.ts';
import {
  type ColumnDescription,
  type ColumnType,
  neutralValue,
  type TableDescription,
  type Value,
} from '../schema/tables.ts';
import type { CreateDemoDatabase, DemoDatabase } from './dialect.ts';
import { queueStatements } from './eventTriggers.ts';

const dropAttempts = 20;
const password = 'Caravel-demo-1';
const longestName = 128;
/** Rows that travel in one parameter. */
const rowsAtATime = 5_000;
/** A batch is sent when it has this many statements, or this many characters of rows. */
const statementsAtATime = 150;
const charactersAtATime = 2_000_000;
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

/** Rows as a JSON document of arrays, in the order of the columns. */
const documentOf = (rows: Cell[][]): string =>
  JSON.stringify(rows, (_, cell) => (cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : cell));

/** Babelfish's OPENJSON leaves backslashes as JSON writes them, and cuts values at 4,000 characters. */
const isPlain = (document: string): boolean => !document.includes('\\') && !/"[^"]{4001,}"/.test(document);

const hasIdentity = (table: TableDescription): boolean => table.columns.some(({ identity }) => identity);
const takeIdentity = (table: TableDescription, onOrOff: 'ON' | 'OFF'): Sql =>
  written(`SET IDENTITY_INSERT dbo.${quoted(table.name)} ${onOrOff}`);

/** Inserts the rows of a plain document. */
function insertStatement(table: TableDescription, document: string): Sql {
  const isBinary = ({ type }: ColumnDescription) => type.kind === 'binary';
  const names = table.columns.map(({ name }) => quoted(name));
  const values = table.columns.map((column, index) =>
    isBinary(column) ? `CONVERT(varbinary(max), ${names[index]}, 2)` : names[index],
  );
  const forms = table.columns.map(
    (column, index) => `${names[index]} ${isBinary(column) ? 'varchar(max)' : typeName(column.type)} '$[${index}]'`,
  );
  const insert = written(`INSERT INTO dbo.${quoted(table.name)} (${names.join(', ')}) SELECT ${values.join(', ')}`);
  const statement = sql`${insert} FROM OPENJSON(${document}) WITH (${written(forms.join(', '))})`;
  if (!hasIdentity(table)) return statement;
  return sql.join([takeIdentity(table, 'ON'), statement, takeIdentity(table, 'OFF')], ';\n');
}

/** Inserts any rows: by the driver's bulk load into a temporary table, which takes a handful of round trips. */
async function insertStaged(database: Database, table: TableDescription, rows: Cell[][]): Promise<void> {
  const columns = table.columns.map(({ name }) => name);
  await database.transaction(async (transaction) => {
    const stage = await transaction.stage({ schema: 'dbo', name: table.name }, columns, rows);
    if (hasIdentity(table)) await transaction.execute(takeIdentity(table, 'ON'));
    await transaction.insertStaged(stage, null);
    if (hasIdentity(table)) await transaction.execute(takeIdentity(table, 'OFF'));
  });
}

/**
 * Statements that wait to be sent together: a round trip for each would take most of the time. Only those that
 * may share a batch with others; what must be alone in its own comes as EXEC.
 */
function statementBatch(database: Database) {
  let statements: Sql[] = [];
  let characters = 0;
  const batch = {
    /** @param size characters of the rows that the statement brings. */
    async add(statement: Sql, size = 0): Promise<void> {
      statements.push(statement);
      characters += size;
      if (statements.length >= statementsAtATime || characters >= charactersAtATime) await batch.send();
    },
    async send(): Promise<void> {
      if (statements.length === 0) return;
      const together = sql.join(statements, ';\n');
      [statements, characters] = [[], 0];
      await database.transaction((transaction) => transaction.execute(together));
    },
  };
  return batch;
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
    let isThere = await hasDatabase(server, name);
    if (isThere && (await isOurs(serverUrl, name))) {
      await drop(server, name);
      isThere = false;
    }
    if (!isThere) await alone(server, `CREATE DATABASE ${quoted(name)}`);
  });
  const url = urlOf(serverUrl, name);
  const database = open(url);

  const batch = statementBatch(database);
  await batch.add(written(`CREATE TABLE ${marker} (created datetime NOT NULL DEFAULT CURRENT_TIMESTAMP)`));
  const readable: string[] = [marker];
  /** The largest identity value loaded, by table. */
  const largest = new Map<string, number>();

  const demo: DemoDatabase = {
    url,
    async createTable(table) {
      readable.push(table.name);
      const columns = table.columns.map(columnDefinition).join(', ');
      await batch.add(written(`CREATE TABLE dbo.${quoted(table.name)} (${columns})`));
    },
    async createView(view) {
      readable.push(view.name);
      // A view must be alone in its batch.
      await batch.add(written(`EXEC (${text(`CREATE VIEW dbo.${quoted(view.name)} AS ${view.query}`)})`));
    },
    async load(table, rows) {
      const identity = table.columns.findIndex((column) => column.identity);
      let [count, highest] = [0, 0];
      let waiting: Cell[][] = [];
      const write = async () => {
        const document = documentOf(waiting);
        if (waiting.length > 0 && isPlain(document)) await batch.add(insertStatement(table, document), document.length);
        else if (waiting.length > 0) {
          await batch.send();
          await insertStaged(database, table, waiting);
        }
        waiting = [];
      };
      for (const row of rows) {
        waiting.push(row.map((value, index) => cellOf(value, table.columns[index]!.type)));
        if (identity >= 0) highest = Math.max(highest, Number(row[identity]));
        count++;
        if (waiting.length === rowsAtATime) await write();
      }
      await write();
      largest.set(table.name, highest);
      return count;
    },
    async addKeys(table, gap) {
      const target = `dbo.${quoted(table.name)}`;
      if (table.primaryKey) {
        const { name: key, column } = table.primaryKey;
        await batch.add(written(`ALTER TABLE ${target} ADD CONSTRAINT ${named(key)} PRIMARY KEY (${quoted(column)})`));
      }
      for (const index of table.indexes) {
        const columns = index.columns.map(quoted).join(', ');
        const create = `CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX`;
        await batch.add(written(`${create} ${named(index.name)} ON ${target} (${columns})`));
      }
      if (hasIdentity(table)) {
        const next = largest.get(table.name)! + gap;
        await batch.add(written(`DBCC CHECKIDENT ('${target.replaceAll("'", "''")}', RESEED, ${next})`));
      }
    },
    async addForeignKeys(table) {
      for (const key of table.foreignKeys) {
        await batch.add(
          written(`ALTER TABLE dbo.${quoted(table.name)} ADD CONSTRAINT ${named(key.name)} FOREIGN KEY (${quoted(key.column)})
           REFERENCES dbo.${quoted(key.target)} (${quoted(key.targetColumn)})${key.cascade ? ' ON DELETE CASCADE' : ''}`),
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
      await batch.add(written(`EXEC (${text(statement)})`));
    },
    async createLogin(login, writableTables) {
      await batch.send();
      await onServer(serverUrl, async (server) => {
        await alone(server, `DROP LOGIN ${quoted(login)}`).catch(() => {});
        await alone(server, `CREATE LOGIN ${quoted(login)} WITH PASSWORD = '${password}'`);
      });
      await database.execute(written(`CREATE USER ${quoted(login)} FOR LOGIN ${quoted(login)}`));
      await grant({ database, login, readable, writable: writableTables });
      return urlOf(serverUrl, name, login);
    },
    async analyze() {
      await batch.send();
      await database.execute(sql`EXEC sp_updatestats`).catch(() => {
        // Only estimates depend on it.
      });
    },
    async close() {
      await database.close();
    },
  };
  return demo;
};

/** The two roles of OutSystems' cloud; where a server lacks them, the same rights on each table. */
async function grant(options: {
  database: Database;
  login: string;
  readable: readonly string[];
  writable: readonly string[];
}): Promise<void> {
  const { database, login, readable, writable } = options;
  try {
    await database.execute(sql`ALTER ROLE db_datareader ADD MEMBER ${sql.id(login)}`);
    if (writable.length > 0) await database.execute(sql`ALTER ROLE db_datawriter ADD MEMBER ${sql.id(login)}`);
  } catch {
    const granted = (rights: string, names: readonly string[]) =>
      names.map((name) => `GRANT ${rights} ON dbo.${quoted(name)} TO ${quoted(login)}`);
    // There, triggers run with the rights of whoever writes.
    const queues = writable.length > 0 ? queueTables.map((queue) => queue.name) : [];
    const statements = [
      ...granted('SELECT', readable),
      ...granted('INSERT, UPDATE, DELETE', writable),
      ...granted('INSERT', queues),
    ];
    await database.execute(written(statements.join(';\n')));
  }
}

/** Runs a statement that Azure takes only by itself: `execute` would ask for its count in the same batch. */
const alone = async (server: Database, statement: string): Promise<void> =>
  void (await server.query(written(statement), {}));

async function hasDatabase(server: Database, name: string): Promise<boolean> {
  return (await server.query(sql`SELECT 1 AS found FROM sys.databases WHERE name = ${name}`, {})).length > 0;
}

/** @throws Error when the database holds tables that the demo did not make */
async function isOurs(serverUrl: string, name: string): Promise<boolean> {
  const database = open(urlOf(serverUrl, name));
  try {
    const { found, tables } = await queryOne(
      database,
      sql`SELECT OBJECT_ID(${sql.literal(marker)}) AS found, (SELECT COUNT(*) FROM sys.tables) AS tables`,
      { found: orNull(integer), tables: integer },
    );
    if (found !== null) return true;
    if (tables === 0) return false;
    throw new Error(`the database ${name} holds tables that the demo did not make; name an empty or a new one`);
  } finally {
    await database.close();
  }
}

/** Where the server cannot end other connections, those that were closed a moment ago are waited for. */
async function drop(server: Database, name: string): Promise<void> {
  await alone(server, `ALTER DATABASE ${quoted(name)} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`).catch(() => {});
  for (let left = dropAttempts; ; left--) {
    try {
      await alone(server, `DROP DATABASE ${quoted(name)}`);
      return;
    } catch (error) {
      if (left <= 1) throw error;
      await pause(500);
    }
  }
}

/** Drops a demo database, if it is there, and the logins that were made for it. */
export async function dropSqlServerDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, async (server) => {
    if ((await hasDatabase(server, name)) && (await isOurs(serverUrl, name))) await drop(server, name);
    for (const login of [`${name}_reader`, `${name}_writer`]) {
      await alone(server, `DROP LOGIN ${quoted(login)}`).catch(() => {
        // It was not there.
      });
    }
  });
}
