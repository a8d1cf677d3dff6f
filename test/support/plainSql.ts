import mssql from 'mssql';
import pg from 'pg';
import type { EngineName } from '../../src/database/port.ts';
import { readAddress } from '../../src/database/sqlserver/address.ts';

/** A row by column, every value as text. */
export type TextRow = Record<string, string | null>;

/**
 * A connection as an application has one: by the engine's own driver, none of it through the port. Statements that both
 * engines take are written once; names stand in double quotes. Values come as text in one form for both: whole numbers
 * and decimals as plain digits without trailing zeros, truth as 1 and 0, times as `YYYY-MM-DD HH:MM:SS` with what
 * fraction there is, bytes as hexadecimal digits.
 */
export interface PlainConnection {
  readonly engine: EngineName;
  rows(statement: string): Promise<TextRow[]>;
  /** Rows as arrays, in the order of the columns. */
  arrays(statement: string): Promise<(string | null)[][]>;
  run(...statements: string[]): Promise<void>;
  /** Runs one statement that writes. @returns rows touched; on SQL Server with those of its triggers. */
  change(statement: string): Promise<number>;
  end(): Promise<void>;
}

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export async function openPlain(url: string): Promise<PlainConnection> {
  return url.startsWith('mssql:') ? openSqlServer(url) : openPostgres(url);
}

/** Works on one connection of its own and closes it. */
export async function onPlain<T>(url: string, work: (connection: PlainConnection) => Promise<T>): Promise<T> {
  const connection = await openPlain(url);
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

/** A text as the engine tells texts apart: SQL Server does not see blanks at the end of one. */
export const asCompared = (engine: EngineName, text: string): string =>
  engine === 'sqlserver' ? `RTRIM(${text})` : text;

/** Rows of one question, on a connection of its own. */
export const rowsOf = (url: string, question: string): Promise<TextRow[]> => onPlain(url, ({ rows }) => rows(question));

/** Runs statements one after the other, on a connection of its own. */
export const runOn = (url: string, ...statements: string[]): Promise<void> =>
  onPlain(url, ({ run }) => run(...statements));

/** A decimal without trailing zeros. */
export const trimmed = (digits: string): string => (digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits);

async function openPostgres(url: string): Promise<PlainConnection> {
  const forms: Record<number, (text: string) => string> = {
    [pg.types.builtins.BOOL]: (text) => (text === 't' ? '1' : '0'),
    [pg.types.builtins.NUMERIC]: trimmed,
    [pg.types.builtins.BYTEA]: (text) => text.slice(2),
  };
  const getTypeParser = (type: number) => forms[type] ?? ((text: string) => text);
  const client = new pg.Client({ connectionString: url, types: { getTypeParser } as unknown as pg.CustomTypesConfig });
  await client.connect();
  await client.query("SET datestyle = 'ISO'; SET timezone = 'UTC'; SET bytea_output = 'hex'");
  return {
    engine: 'postgres',
    rows: async (statement) => (await client.query<TextRow>(statement)).rows,
    arrays: async (statement) => (await client.query<(string | null)[]>({ text: statement, rowMode: 'array' })).rows,
    async run(...statements) {
      for (const statement of statements) await client.query(statement);
    },
    change: async (statement) => (await client.query(statement)).rowCount ?? 0,
    end: () => client.end(),
  };
}

async function openSqlServer(url: string): Promise<PlainConnection> {
  const address = readAddress({ name: 'a test', url, readOnly: false, pool: 1 });
  // Caravel tells its own sessions from those of others by this name.
  const pool = new mssql.ConnectionPool({ ...address, options: { ...address.options, appName: 'a test' } });
  // A server that goes away in the middle of a test is no error of the test's.
  pool.on('error', () => {});
  await pool.connect();
  const ask = async (statement: string) => {
    const request = pool.request();
    // Duplicate names and order stay what they are.
    (request as unknown as { arrayRowMode: boolean }).arrayRowMode = true;
    const { recordset, columns } = (await request.query(statement)) as unknown as {
      recordset?: unknown[][];
      columns?: { name: string; type: unknown }[][];
    };
    const described = columns?.[0] ?? [];
    const rows = (recordset ?? []).map((row) => row.map((value, index) => textOf(value, described[index]!.type)));
    return { rows, names: described.map(({ name }) => name) };
  };
  return {
    engine: 'sqlserver',
    async rows(statement) {
      const { rows, names } = await ask(statement);
      return rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]!])));
    },
    arrays: async (statement) => (await ask(statement)).rows,
    async run(...statements) {
      for (const statement of statements) await pool.request().batch(statement);
    },
    async change(statement) {
      const { rowsAffected } = await pool.request().batch(statement);
      return rowsAffected.reduce((sum, rows) => sum + rows, 0);
    },
    end: () => pool.close(),
  };
}

function textOf(value: unknown, type: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (value instanceof Date) {
    const [day, time] = value.toISOString().slice(0, -1).split('T') as [string, string];
    if (type === mssql.Date) return day;
    return type === mssql.Time ? trimmed(time) : `${day} ${trimmed(time)}`;
  }
  return typeof value === 'number' ? trimmed(String(value)) : String(value);
}
