import { createHash } from 'node:crypto';
import { type PlainConnection, quotedName, trimmed } from '../plainSql.ts';

/** A table as the database's own catalog has it. */
export interface ComparedTable {
  name: string;
  /** Data type by column, in the table's order. */
  columns: Map<string, string>;
  /** Columns for which the database has a default. */
  withDefault: Set<string>;
  /** Column of the primary key; null for none (or several). */
  key: string | null;
}

export type CellText = string | null;

/** What a database holds. Each table is read once, when it is first asked for: nothing may change meanwhile. */
export interface Reading {
  connection: PlainConnection;
  /** By name in lower case. */
  tables: Map<string, ComparedTable>;
  /** Rows of a table, cells in the order of its columns. */
  rowsOf(table: string): Promise<CellText[][]>;
}

/**
 * Begins to read the tables of the environment's schema over an open connection.
 * @param known its tables as an earlier reading has them, where their definitions have not changed since
 */
export async function beginReading(connection: PlainConnection, known?: Reading['tables']): Promise<Reading> {
  const tables = known ?? (await readTables(connection));
  const rows = new Map<string, Promise<CellText[][]>>();
  return {
    connection,
    tables,
    rowsOf(table) {
      const found = rows.get(table) ?? readRows(connection, tables.get(table.toLowerCase())!);
      rows.set(table, found);
      return found;
    },
  };
}

/** The position of a column in the rows of its table. @throws Error where the table lacks it */
export function positionOf(table: ComparedTable, column: string): number {
  const position = [...table.columns.keys()].indexOf(column);
  if (position < 0) throw new Error(`the table ${table.name} has no column ${column}`);
  return position;
}

/** Two rows of one table have the same digest when all their cells are the same. */
export const digestOf = (row: readonly CellText[]): string =>
  createHash('md5').update(JSON.stringify(row)).digest('base64');

const isDecimal = (type: string) => type === 'decimal' || type === 'numeric';

async function readRows(connection: PlainConnection, table: ComparedTable): Promise<CellText[][]> {
  const types = [...table.columns];
  // As text: the driver of SQL Server makes a double of a decimal.
  const columns = types.map(([column, type]) =>
    isDecimal(type) ? `CAST(${quotedName(column)} AS varchar(41))` : quotedName(column),
  );
  const rows = await connection.arrays(`SELECT ${columns.join(', ')} FROM ${quotedName(table.name)}`);
  const decimals = types.flatMap(([, type], index) => (isDecimal(type) ? [index] : []));
  for (const row of rows) {
    for (const index of decimals) if (row[index] !== null) row[index] = trimmed(row[index]!);
  }
  return rows;
}

/** Primary keys of one column: table and column. The standard's own views hide them from who may only read. */
const primaryKeys = {
  postgres: `
    SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'p' AND array_length(k.conkey, 1) = 1 AND c.relnamespace = 'public'::regnamespace`,
  sqlserver: `
    SELECT t.name, MIN(c.name) FROM sys.tables t JOIN sys.indexes i ON i.object_id = t.object_id AND i.is_primary_key = 1
    JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
    JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
    GROUP BY t.name HAVING count(*) = 1`,
};

async function readTables(connection: PlainConnection): Promise<Map<string, ComparedTable>> {
  const keys = new Map((await connection.arrays(primaryKeys[connection.engine])) as [string, string][]);
  const schema = connection.engine === 'sqlserver' ? 'dbo' : 'public';
  const columns = await connection.arrays(
    `SELECT table_name, column_name, data_type, CASE WHEN column_default IS NULL THEN 0 ELSE 1 END
     FROM INFORMATION_SCHEMA.COLUMNS WHERE table_schema = '${schema}' ORDER BY table_name, ordinal_position`,
  );
  // Asked apart: joined, the two views take Babelfish minutes.
  const named = await connection.arrays(
    `SELECT table_name FROM INFORMATION_SCHEMA.TABLES WHERE table_schema = '${schema}' AND table_type = 'BASE TABLE'`,
  );
  const base = new Set(named.map(([name]) => name!.toLowerCase()));
  const tables = new Map<string, ComparedTable>();
  for (const [name, column, type, hasDefault] of columns as [string, string, string, string][]) {
    if (!base.has(name.toLowerCase())) continue;
    const known = tables.get(name.toLowerCase());
    const table = known ?? { name, columns: new Map(), withDefault: new Set(), key: keys.get(name) ?? null };
    table.columns.set(column, type);
    if (hasDefault === '1') table.withDefault.add(column);
    tables.set(name.toLowerCase(), table);
  }
  return tables;
}
