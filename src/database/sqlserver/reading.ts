import { TYPES } from 'tedious';
import { DatabaseError } from '../errors.ts';
import type { Row, RowRead } from '../port.ts';
import { firstPageRows, nextPageRows, RowBatches } from '../rowBatches.ts';
import { bulkLoad } from './bulkLoad.ts';
import { type Transfer, transferOf } from './cells.ts';
import { type ColumnType, declaration } from './columnTypes.ts';
import { dialect } from './dialect.ts';
import type { DriverValue } from './driver.ts';
import { leavesSessionAlive } from './errors.ts';
import { quoteIdentifier, quoteTable } from './quoting.ts';
import { failureOn, type Session, type SessionPool } from './session.ts';
import { queryCells, runBatch, streamRows } from './statements.ts';
import { columnTypeOf, columnTypes } from './tableTypes.ts';

/** Full batches that wait before the server is made to. */
const batchesAhead = 2;
const keysTable = '#caravel_keys';
/** SNAPSHOT covers the database that allows it, and temporary tables lie in another. */
export const readCommitted = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED;';

/** A read that is under way: rows come by `key`, and gather in `batches`. */
interface PageRead {
  session: Session;
  read: RowRead;
  key: string;
  batches: RowBatches;
}

interface Page {
  /** The table's name, for messages. */
  table: string;
  statement: string;
  parameters: string[];
  transfers: Transfer[];
  /** Column that was read only for paging and is no part of the rows. */
  extraKey: boolean;
}

interface PageEnd {
  rows: number;
  bytes: number;
}

/**
 * Streams rows, a page of a few batches per statement, so that no statement lasts as long as the read. Each page starts
 * after the last key of the one before. A page is bounded by that key, not by a number of rows, so that it never ends
 * between rows whose keys the column's own collation takes for equal. `key` must hold no NULLs. Backpressure reaches
 * the server through the socket.
 * @throws DatabaseError
 */
export async function* readRows(pool: SessionPool, read: RowRead): AsyncGenerator<Row[]> {
  if (read.limit === 0) return;
  const session = await pool.acquire();
  try {
    const batches = new RowBatches(read.batch);
    if (read.key === null) yield* readAll(session, read, batches);
    else {
      const pages: PageRead = { session, read, key: read.key, batches };
      const among = read.keys === undefined ? read.among : { column: read.key, keys: read.keys };
      if (among === undefined) yield* readPages(pages, null);
      else if (among.keys.length > 0) yield* readAmong(pages, among);
    }
    if (batches.rest().length > 0) yield batches.rest();
  } catch (error) {
    const failure = failureOn(session, error, { table: read.table.name });
    if (!(error instanceof DatabaseError) || !leavesSessionAlive(failure)) session.broken = true;
    throw failure;
  } finally {
    pool.release(session);
  }
}

async function* readAll(session: Session, read: RowRead, batches: RowBatches): AsyncGenerator<Row[]> {
  const types = await columnTypes(session, read.table, read.columns);
  const page = { table: read.table.name, parameters: [], transfers: types.map(transferOf), extraKey: false };
  yield* readPage(session, { ...page, statement: allStatement(read, types) }, batches);
}

async function* readPages({ session, read, key, batches }: PageRead, among: Among | null): AsyncGenerator<Row[]> {
  const { columns, types, keyType, extraKey } = await withKey(session, read, key);
  const transfers = types.map(transferOf);
  const about = { key, keyType, among };
  let limit = firstPageRows(read);
  let left = read.limit;
  let after = read.after ?? null;
  for (;;) {
    if (left !== undefined) limit = Math.min(limit, left);
    if (limit <= 0) return;
    const bounds = { after: after !== null, upTo: read.upTo != null };
    const last = await lastKeyOfPage(session, read, { ...about, bounds }, { limit, after });
    if (last === null) return;
    const rest = left === undefined ? read : { ...read, limit: left };
    const statement = pageStatement(rest, columns, types, { ...about, bounds: { ...bounds, upTo: true } });
    const parameters = [after, last.key].filter((bound) => bound !== null);
    const page: Page = { table: read.table.name, statement, parameters, transfers, extraKey };
    const end: PageEnd = yield* readPage(session, page, batches);
    // Keys decide, never the number of rows that came: some may have gone since the last key was asked for.
    if (last.keys < limit) return;
    after = last.key;
    limit = nextPageRows(read, end);
    if (left !== undefined) left -= end.rows;
  }
}

/** The columns of a page, the key among them. */
async function withKey(session: Session, read: RowRead, key: string) {
  const position = read.columns.indexOf(key);
  const columns = position < 0 ? [...read.columns, key] : read.columns;
  const types = await columnTypes(session, read.table, columns);
  const keyType = types[position < 0 ? read.columns.length : position]!;
  return { columns, types, extraKey: position < 0, keyType };
}

/** The key that the page ends with, and how many keys there are up to it; null when there is no further row. */
async function lastKeyOfPage(
  session: Session,
  read: RowRead,
  page: PageBounds,
  { limit, after }: { limit: number; after: string | null },
): Promise<{ key: string; keys: number } | null> {
  const parameters = [after, read.upTo ?? null].filter((bound) => bound !== null);
  const rows = await queryCells(session, lastKeyQuestion(read, page, limit), parameters, { table: read.table.name });
  const [key, keys] = rows[0] ?? [];
  if (key == null) return null;
  return { key: typeof key === 'string' ? key : `0x${Buffer.from(key).toString('hex')}`, keys: Number(keys) };
}

/** The keys lie in a temporary table while their rows are read: any number of them is one statement a page. */
async function* readAmong(
  pages: PageRead,
  { column, keys }: { column: string; keys: string[] },
): AsyncGenerator<Row[]> {
  const { session, read } = pages;
  const type = await columnTypeOf(session, read.table, column);
  session.altered = true;
  await runBatch(session, readCommitted);
  try {
    await stageKeys(session, keysTable, type, keys);
    yield* readPages(pages, { column, type, keys: keysTable });
  } finally {
    await runBatch(session, `DROP TABLE IF EXISTS ${keysTable};`).catch(() => {
      // It goes with the session.
      session.broken = true;
    });
  }
}

/** Puts keys and their positions into a new temporary table; those that the column could not hold are left out. */
export async function stageKeys(session: Session, table: string, type: ColumnType, keys: string[]): Promise<void> {
  const transfer = transferOf(type);
  const rows: unknown[][] = [];
  for (const [position, key] of keys.entries()) {
    try {
      rows.push([transfer.encode(key), position]);
    } catch {
      // What does not fit the column is in no row of it.
    }
  }
  await runBatch(session, keysStatement(table, transfer));
  const columns = [
    { name: 'key', ...transfer.bulk },
    { name: 'position', type: TYPES.Int },
  ];
  await bulkLoad(session, { temporary: table, columns, place: {} }, rows);
}

export function keysStatement(table: string, transfer: Transfer): string {
  return `CREATE TABLE ${table} ([key] ${transfer.staged} NULL, [position] int NULL);`;
}

export function allStatement(read: RowRead, types: ColumnType[]): string {
  return select(read, read.columns, types, present(read));
}

/** Only rows with one of the keys in the temporary table `keys`. */
export interface Among {
  column: string;
  type: ColumnType;
  keys: string;
}

export interface PageBounds {
  key: string;
  keyType: ColumnType;
  /** Which bounds are parameters of the statement, in this order. */
  bounds: { after: boolean; upTo: boolean };
  among: Among | null;
}

export function pageStatement(read: RowRead, columns: string[], types: ColumnType[], page: PageBounds): string {
  const order = `ORDER BY ${quoteIdentifier(page.key)}`;
  return `${select(read, columns, types, inPage(read, page))}\n${order}`;
}

/** The last of the next so many rows' keys, in the column's own order, and how many there are. */
export function lastKeyQuestion(read: RowRead, page: PageBounds, limit: number): string {
  const key = quoteIdentifier(page.key);
  return `SELECT TOP (1) ${transferOf(page.keyType).read(key)}, COUNT(*) OVER ()
FROM (SELECT TOP (${limit}) ${key} FROM ${quoteTable(read.table)}${filter(inPage(read, page))} ORDER BY ${key}) AS [page]
ORDER BY ${key} DESC`;
}

function inPage(read: RowRead, page: PageBounds): string[] {
  const key = quoteIdentifier(page.key);
  const { after, upTo } = page.bounds;
  const where = [
    ...(after ? [`${key} > ${boundExpression(page.keyType, 0)}`] : []),
    ...(upTo ? [`${key} <= ${boundExpression(page.keyType, after ? 1 : 0)}`] : []),
    ...present(read),
  ];
  if (page.among !== null) {
    const { column, type, keys } = page.among;
    where.push(`${quoteIdentifier(column)} IN (SELECT ${transferOf(type).write('[key]')} FROM ${keys})`);
  }
  return where;
}

/**
 * A bound as a value of the key's own type, so that an index on the key is used and its collation decides.
 * @param parameter its number among those of the statement.
 */
export function boundExpression(type: ColumnType, parameter: number): string {
  const isBinary = /binary$/.test(type.base);
  const value = dialect.placeholder(parameter);
  return isBinary ? `CONVERT(${declaration(type)}, ${value}, 1)` : `CAST(${value} AS ${declaration(type)})`;
}

function present(read: RowRead): string[] {
  if (read.anyNotNull === undefined) return [];
  const conditions = read.anyNotNull.map((column) => `${quoteIdentifier(column)} IS NOT NULL`);
  return [conditions.length === 0 ? '1 = 0' : `(${conditions.join(' OR ')})`];
}

function select(read: RowRead, columns: string[], types: ColumnType[], where: string[]): string {
  const list = columns.map((column, index) => transferOf(types[index]!).read(quoteIdentifier(column))).join(', ');
  const top = read.limit === undefined ? '' : `TOP (${Math.floor(read.limit)}) `;
  return `SELECT ${top}${list || '1'}\nFROM ${quoteTable(read.table)}${filter(where)}`;
}

function filter(where: string[]): string {
  return where.length === 0 ? '' : `\nWHERE ${where.join(' AND ')}`;
}

/** Runs one statement and hands on the batches it fills; what is left stays in `batches`. */
async function* readPage(
  session: Session,
  { table, statement, parameters, transfers, extraKey }: Page,
  batches: RowBatches,
): AsyncGenerator<Row[], PageEnd> {
  const end: PageEnd = { rows: 0, bytes: 0 };
  const count = transfers.length;
  const take = (values: DriverValue[]) => {
    const row: Row = new Array(count);
    let bytes = 0;
    for (let index = 0; index < count; index++) {
      const cell = transfers[index]!.decode(values[index]!.value);
      row[index] = cell;
      if (cell !== null) bytes += cell.length + 1;
    }
    end.rows++;
    end.bytes += bytes;
    if (extraKey) row.pop();
    batches.add(row, bytes);
  };
  const sink = { take, next: () => batches.next(), full: () => batches.waiting >= batchesAhead, place: { table } };
  yield* streamRows(session, statement, parameters, sink);
  return end;
}
