import type { DataType } from './driver.ts';
import type { ErrorPlace } from './errors.ts';
import { failureOn, type Session } from './session.ts';

/** A column of a temporary table: its name needs no quoting, for the driver would not quote it. */
export interface BulkColumn {
  name: string;
  type: DataType;
  length?: number;
}

/**
 * Loads rows into a temporary table of the session, in one bulk load; none where there are no rows, for the driver would
 * send a load without columns.
 * @returns their number
 * @throws DatabaseError, and whatever the rows throw: then the connection is in the middle of the load, and `broken`
 */
export async function bulkLoad(
  session: Session,
  table: string,
  columns: BulkColumn[],
  rows: Iterable<unknown[]> | AsyncIterable<unknown[]>,
  place: Omit<ErrorPlace, 'database'>,
): Promise<number> {
  const source = await watched(rows);
  if (source === null) return 0;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      if (source.failure !== undefined) session.broken = true;
      reject(source.failure ?? failureOn(session, error, place));
    };
    // TABLOCK: nobody else sees the table, and less goes into the log.
    const options = { lockTable: true, keepNulls: true };
    try {
      // The server's own count is not asked for: with NOCOUNT on it may be none.
      const load = session.connection.newBulkLoad(table, options, (error) => {
        if (error || source.failure !== undefined) fail(error);
        else resolve(source.count);
      });
      for (const { name, type, length } of columns) {
        load.addColumn(name, type, { nullable: true, ...(length === undefined ? {} : { length }) });
      }
      session.connection.execBulkLoad(load, source.rows);
    } catch (error) {
      fail(error);
    }
  });
}

/** Rows that are counted, and whose own failure is remembered: the driver would give it another shape. Null for none. */
async function watched(rows: Iterable<unknown[]> | AsyncIterable<unknown[]>) {
  const state: { count: number; failure: unknown; rows: AsyncIterable<unknown[]> | Iterable<unknown[]> } = {
    count: 0,
    failure: undefined,
    rows,
  };
  if (Array.isArray(rows)) {
    state.count = rows.length;
    return rows.length === 0 ? null : state;
  }
  const iterator = (async function* () {
    yield* rows;
  })();
  const first = await iterator.next();
  if (first.done) return null;
  state.rows = (async function* () {
    try {
      for (let row: IteratorResult<unknown[]> = first; !row.done; row = await iterator.next()) {
        state.count++;
        yield row.value;
      }
    } catch (error) {
      state.failure = error;
      throw error;
    }
  })();
  return state;
}
