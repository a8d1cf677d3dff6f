import type { DataType } from './driver.ts';
import type { ErrorPlace } from './errors.ts';
import { failureOn, type Session, watch } from './session.ts';

/** A column of a temporary table: its name needs no quoting, for the driver would not quote it. */
export interface BulkColumn {
  name: string;
  type: DataType;
  length?: number;
}

/** Where a bulk load goes: a temporary table of the session, and what an error says of it. */
export interface BulkTarget {
  temporary: string;
  columns: BulkColumn[];
  place: Omit<ErrorPlace, 'database'>;
}

/**
 * Loads rows into a temporary table of the session, in one bulk load; none where there are no rows, for the driver
 * would send a load without columns.
 * @returns their number
 * @throws DatabaseError, and whatever the rows throw: then the connection is `broken`, for what the server made of half
 * a load is not looked at
 */
export async function bulkLoad(
  session: Session,
  { temporary, columns, place }: BulkTarget,
  rows: Iterable<unknown[]> | AsyncIterable<unknown[]>,
): Promise<number> {
  const source = await watched(rows);
  if (source === null) return 0;
  return new Promise((resolve, reject) => {
    const unwatch = watch(session, () => source.waiting);
    const fail = (error: unknown) => {
      if (source.failure !== undefined) session.broken = true;
      // The driver leaves its reader waiting when the connection goes; who makes the rows has to be told.
      void source.end();
      reject(source.failure ?? failureOn(session, error, place));
    };
    // TABLOCK: nobody else sees the table, and less goes into the log.
    const options = { lockTable: true, keepNulls: true };
    try {
      // The server's own count is not asked for: with NOCOUNT on it may be none.
      const load = session.connection.newBulkLoad(temporary, options, (error) => {
        unwatch();
        if (error || source.failure !== undefined) fail(error);
        else resolve(source.count);
      });
      for (const { name, type, length } of columns) {
        load.addColumn(name, type, { nullable: true, ...(length === undefined ? {} : { length }) });
      }
      session.connection.execBulkLoad(load, source.rows);
    } catch (error) {
      unwatch();
      fail(error);
    }
  });
}

/** Rows on their way into the server. */
interface Source {
  rows: AsyncIterable<unknown[]> | Iterable<unknown[]>;
  count: number;
  /** What the rows themselves failed of: the driver would give it another shape. */
  failure: unknown;
  /** The next row is being waited for: the server is not to blame for the silence. */
  waiting: boolean;
  /** Tells who makes the rows that no more are wanted. */
  end(): Promise<void>;
}

/** @returns null where there are no rows. */
async function watched(rows: Iterable<unknown[]> | AsyncIterable<unknown[]>): Promise<Source | null> {
  if (Array.isArray(rows)) {
    if (rows.length === 0) return null;
    return { rows, count: rows.length, failure: undefined, waiting: false, end: async () => {} };
  }
  const iterator = (async function* () {
    yield* rows;
  })();
  const first = await iterator.next();
  if (first.done) return null;
  const source: Source = {
    rows: each(),
    count: 0,
    failure: undefined,
    waiting: false,
    async end() {
      // Whatever it still fails of, the load has failed already.
      await iterator.return().catch(() => undefined);
    },
  };
  async function* each(): AsyncGenerator<unknown[]> {
    try {
      for (let row: IteratorResult<unknown[]> = first; !row.done; row = await next()) {
        source.count++;
        yield row.value;
      }
    } catch (error) {
      source.failure = error;
      throw error;
    }
  }
  async function next(): Promise<IteratorResult<unknown[]>> {
    source.waiting = true;
    try {
      return await iterator.next();
    } finally {
      source.waiting = false;
    }
  }
  return source;
}
