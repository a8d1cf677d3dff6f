import { to as copyTo } from 'pg-copy-streams';
import { DatabaseError } from '../errors.ts';
import type { Cell, Row, RowRead } from '../port.ts';
import { firstPageRows, nextPageRows, RowBatches } from '../rowBatches.ts';
import { cancelCopy } from './cancel.ts';
import { columnTypes } from './catalog.ts';
import { rowDecoder } from './cells.ts';
import { leavesSessionAlive, toDatabaseError } from './errors.ts';
import { quoteArray, quoteColumns, quoteIdentifier, quoteLiteral, quoteTable } from './quoting.ts';
import { type Session, type SessionPool, watch } from './session.ts';

/** A read that is under way: rows come by `key`, and gather in `batches`. */
interface PageRead {
  session: Session;
  read: RowRead;
  key: string;
  batches: RowBatches;
}

interface Page {
  statement: string;
  types: number[];
  /** Column that was read only for paging and is no part of the rows. */
  extraKey: boolean;
  keyIndex: number;
}

interface PageEnd {
  rows: number;
  bytes: number;
  lastKey: Cell;
}

/**
 * Streams rows by COPY, a page of a few batches per statement, so that no statement lasts as long as the read. Each
 * page starts after the last key of the one before; a page never ends between rows whose keys the column's own
 * collation takes for equal (WITH TIES). `key` must hold no NULLs. Backpressure reaches the server through the socket.
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
      yield* read.keys === undefined ? readPages(pages) : readKeys(pages, read.keys);
    }
    if (batches.rest().length > 0) yield batches.rest();
  } catch (error) {
    const failure = toDatabaseError(error, { database: session.database, table: read.table.name });
    if (!(error instanceof DatabaseError) || !leavesSessionAlive(failure)) session.broken = true;
    throw failure;
  } finally {
    pool.release(session);
  }
}

async function* readAll(session: Session, read: RowRead, batches: RowBatches): AsyncGenerator<Row[]> {
  const types = await columnTypes(session, read.table, read.columns);
  const bound = read.limit === undefined ? '' : ` LIMIT ${Math.floor(read.limit)}`;
  const statement = `${select(read, read.columns, conditions(read, null, null))}${bound}`;
  yield* readPage(session, { statement, types, extraKey: false, keyIndex: -1 }, batches);
}

async function* readPages({ session, read, key, batches }: PageRead): AsyncGenerator<Row[]> {
  const { columns, ...page } = await withKey(session, read, key);
  let limit = firstPageRows(read);
  let left = read.limit ?? Number.POSITIVE_INFINITY;
  let after: Cell = read.after ?? null;
  for (;;) {
    // The last rows of a sample may end between two whose keys are equal.
    const bound = left <= limit ? `LIMIT ${left}` : `FETCH FIRST ${limit} ROWS WITH TIES`;
    const statement = `${select(read, columns, conditions(read, key, after))}
      ORDER BY ${quoteIdentifier(key)} ${bound}`;
    const end: PageEnd = yield* readPage(session, { statement, ...page }, batches);
    left -= end.rows;
    if (end.rows < limit || left <= 0 || end.lastKey === null) return;
    after = end.lastKey;
    limit = nextPageRows(read, end);
  }
}

/** The server sorts the keys by the column's own order first; then each page reads its share of them. */
async function* readKeys({ session, read, key, batches }: PageRead, keys: string[]): AsyncGenerator<Row[]> {
  if (keys.length === 0) return;
  const { columns, ...page } = await withKey(session, read, key);
  const column = quoteIdentifier(key);
  const keysOfPage = Math.max(read.batch.rows, 1000);
  const among = (some: string[]) => [
    ...conditions(read, key, read.after ?? null),
    `${column} = ANY(${quoteArray(some)})`,
  ];
  let sorted = keys;
  if (keys.length > keysOfPage) {
    const found = new Set<string>();
    const keyOnly: Page = {
      statement: `${select(read, [key], among(keys))} ORDER BY ${column}`,
      types: page.types.slice(page.keyIndex, page.keyIndex + 1),
      extraKey: false,
      keyIndex: 0,
    };
    const unbounded = new RowBatches({ rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY });
    for await (const _ of readPage(session, keyOnly, unbounded));
    for (const row of unbounded.rest()) found.add(row[0] as string);
    sorted = [...found];
  }
  for (let at = 0; at < sorted.length; at += keysOfPage) {
    const statement = `${select(read, columns, among(sorted.slice(at, at + keysOfPage)))} ORDER BY ${column}`;
    yield* readPage(session, { statement, ...page }, batches);
  }
}

/** The columns of a page, the key among them. */
async function withKey(session: Session, read: RowRead, key: string) {
  const position = read.columns.indexOf(key);
  const columns = position < 0 ? [...read.columns, key] : read.columns;
  const types = await columnTypes(session, read.table, columns);
  return { columns, types, extraKey: position < 0, keyIndex: position < 0 ? read.columns.length : position };
}

function select(read: RowRead, columns: string[], where: string[]): string {
  const filter = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  return `SELECT ${quoteColumns(columns)} FROM ${quoteTable(read.table)}${filter}`;
}

function conditions(read: RowRead, key: string | null, after: Cell): string[] {
  const where: string[] = [];
  if (key !== null && after !== null) where.push(`${quoteIdentifier(key)} > ${keyLiteral(after)}`);
  if (key !== null && read.upTo != null) where.push(`${quoteIdentifier(key)} <= ${quoteLiteral(read.upTo)}`);
  if (read.among !== undefined)
    where.push(`${quoteIdentifier(read.among.column)} = ANY(${quoteArray(read.among.keys)})`);
  if (read.anyNotNull !== undefined) {
    const present = read.anyNotNull.map((column) => `${quoteIdentifier(column)} IS NOT NULL`);
    where.push(present.length === 0 ? 'false' : `(${present.join(' OR ')})`);
  }
  return where;
}

function keyLiteral(key: string | Uint8Array): string {
  return quoteLiteral(typeof key === 'string' ? key : `\\x${Buffer.from(key).toString('hex')}`);
}

/** Runs one COPY and hands on the batches it fills; what is left stays in `batches`. */
async function* readPage(session: Session, page: Page, batches: RowBatches): AsyncGenerator<Row[], PageEnd> {
  const end: PageEnd = { rows: 0, bytes: 0, lastKey: null };
  const { extraKey, keyIndex } = page;
  let lastRow: Row | undefined;
  const decode = rowDecoder(page.types, (row, bytes) => {
    end.rows++;
    end.bytes += bytes;
    lastRow = row;
    if (extraKey) end.lastKey = row.pop()!;
    batches.add(row, bytes);
  });
  const copy = session.client.query(copyTo(`COPY (${page.statement}) TO STDOUT`));
  // A connection that is closed early reports it here, when nobody listens any more.
  copy.on('error', () => {});
  let waitsForUs = false;
  const unwatch = watch(session, () => waitsForUs);
  let isOver = false;
  try {
    for await (const chunk of copy.iterator({ destroyOnReturn: false })) {
      decode(chunk as Buffer);
      waitsForUs = true;
      for (let rows = batches.next(); rows !== undefined; rows = batches.next()) yield rows;
      waitsForUs = false;
    }
    isOver = true;
  } catch (error) {
    // It failed: there is nothing to cancel, and the session is looked at by whoever began it.
    isOver = true;
    throw error;
  } finally {
    unwatch();
    if (!isOver) await cancelCopy(session, copy);
  }
  if (!extraKey && keyIndex >= 0 && lastRow !== undefined) end.lastKey = lastRow[keyIndex]!;
  return end;
}
