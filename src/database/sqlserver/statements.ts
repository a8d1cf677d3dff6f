import { Request, TYPES } from 'tedious';
import type { Parameter, Row } from '../port.ts';
import { cellOfValue } from './cells.ts';
import type { DataType, DriverValue } from './driver.ts';
import { insidesOf } from './driver.ts';
import type { ErrorPlace } from './errors.ts';
import { failureOn, type Session, watch } from './session.ts';

type Place = Omit<ErrorPlace, 'database'>;

interface Outcome {
  /** Of the last statement that gave rows. */
  rows: DriverValue[][];
}

/**
 * Runs a batch without parameters. Temporary tables that it makes stay until the session ends or drops them; those of a
 * statement with parameters would be gone with it.
 * @throws DatabaseError
 */
export async function runBatch(session: Session, text: string, place?: Place): Promise<DriverValue[][]> {
  return (await send(session, text, [], place)).rows;
}

/**
 * Runs one statement with `?` placeholders (`??` for a question mark) and gives its rows as cells.
 * @throws DatabaseError
 */
export async function queryCells(
  session: Session,
  statement: string,
  parameters: Parameter[] = [],
  place?: Place,
): Promise<Row[]> {
  const { rows } = await send(session, ...bind(statement, parameters), place);
  return rows.map((row) => row.map(({ value, metadata }) => cellOfValue(value, metadata)));
}

/** Like `queryCells`, gives the number of rows the statement touched, those of its triggers left out. @throws DatabaseError */
export async function executeCount(
  session: Session,
  statement: string,
  parameters: Parameter[] = [],
  place?: Place,
): Promise<number> {
  const rows = await queryCells(session, counted(statement), parameters, place);
  return Number(rows[0]?.[0] ?? 0);
}

/** With NOCOUNT on the server sends no counts; without, those of triggers come among them. */
export function counted(statement: string): string {
  return `${statement};\nSELECT ROWCOUNT_BIG() AS [rows]`;
}

/**
 * Statement and parameters as the driver takes them. A NULL is written into the statement: as a parameter it would have a
 * type, which not every column takes. Quoted names and texts are left alone: they may hold a question mark.
 */
export function bind(statement: string, parameters: Parameter[]): [string, { type: DataType; value: unknown }[]] {
  const bound: { type: DataType; value: unknown }[] = [];
  let at = 0;
  const text = statement.replace(/"(?:[^"]|"")*"|\[(?:[^\]]|\]\])*\]|'(?:[^']|'')*'|\?\??/g, (found) => {
    if (found === '??') return '?';
    if (found.startsWith("'")) return found.replaceAll('??', '?');
    if (found !== '?') return found;
    const value = parameters[at++] ?? null;
    if (value === null) return 'NULL';
    bound.push(typed(value));
    return `@p${bound.length - 1}`;
  });
  return [text, bound];
}

function typed(value: Exclude<Parameter, null>): { type: DataType; value: unknown } {
  if (typeof value === 'string') return { type: TYPES.NVarChar, value };
  if (typeof value === 'boolean') return { type: TYPES.Bit, value };
  if (typeof value === 'bigint') return { type: TYPES.BigInt, value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { type: TYPES.BigInt, value: BigInt(value) } : { type: TYPES.Float, value };
  }
  if (value instanceof Date) return { type: TYPES.DateTime2, value };
  return { type: TYPES.VarBinary, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}

function send(
  session: Session,
  text: string,
  parameters: { type: DataType; value: unknown }[],
  place?: Place,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let rows: DriverValue[][] = [];
    const unwatch = watch(session);
    const request = new Request(text, (error) => {
      unwatch();
      if (error) reject(failureOn(session, error, place));
      else resolve({ rows });
    });
    request.on('columnMetadata', () => {
      rows = [];
    });
    request.on('row', (row: DriverValue[]) => {
      rows.push(row);
    });
    try {
      if (parameters.length === 0) {
        session.connection.execSqlBatch(request);
      } else {
        addParameters(request, parameters);
        session.connection.execSql(request);
      }
    } catch (error) {
      unwatch();
      reject(failureOn(session, error, place));
    }
  });
}

/** Bytes are declared with a length of one at least: the driver would say 0 of none, which the server refuses (8016). */
function addParameters(request: Request, parameters: { type: DataType; value: unknown }[]): void {
  for (const [index, { type, value }] of parameters.entries()) {
    const options = Buffer.isBuffer(value) ? { length: Math.max(1, value.length) } : {};
    request.addParameter(`p${index}`, type, value, options);
  }
}

/** How a streamed answer is taken: rows are taken as they come, and what became ready is handed on. */
export interface RowSink<T> {
  take(row: DriverValue[]): void;
  /** What is ready to be handed on, or undefined. */
  next(): T | undefined;
  /** Enough is waiting: the server may wait too. */
  full(): boolean;
}

/**
 * Runs a statement and hands on what the sink makes of its rows while they come. When the consumer is slow the socket is
 * not read, so that the server waits. When it stops early the statement is cancelled, and the session serves the next one.
 * @throws DatabaseError
 */
export async function* streamRows<T>(
  session: Session,
  statement: string,
  parameters: Parameter[],
  sink: RowSink<T>,
  place?: Place,
): AsyncGenerator<T> {
  const [text, bound] = bind(statement, parameters);
  let ended = false;
  let failure: unknown;
  let paused = false;
  let wake: () => void = () => {};
  const unwatch = watch(session, () => paused);
  const request = new Request(text, (error) => {
    unwatch();
    failure ??= error;
    ended = true;
    wake();
  });
  request.on('row', (row: DriverValue[]) => {
    try {
      sink.take(row);
    } catch (error) {
      failure ??= error;
    }
    if (!paused && sink.full()) {
      paused = true;
      request.pause();
    }
    wake();
  });
  addParameters(request, bound);
  session.connection.execSql(request);
  try {
    for (;;) {
      for (let ready = sink.next(); ready !== undefined; ready = sink.next()) yield ready;
      if (failure) throw failureOn(session, failure, place);
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (paused) {
          paused = false;
          request.resume();
        }
      });
    }
  } finally {
    if (!ended) {
      paused = false;
      const over = new Promise<void>((resolve) => {
        wake = () => {
          if (ended) resolve();
        };
      });
      await cancel(session, request, over);
    }
    unwatch();
  }
}

/**
 * Cancels a statement and waits until the server has said that it ended (an attention, [MS-TDS] 2.2.1.7): until then the
 * connection can neither serve another one nor be closed. The driver closes it where no answer comes (`cancelTimeout`).
 */
async function cancel(session: Session, request: Request, over: Promise<void>): Promise<void> {
  request.cancel();
  await over;
  const { state, STATE } = insidesOf(session.connection);
  if (state !== STATE.LOGGED_IN) session.broken = true;
}
