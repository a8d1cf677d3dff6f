import { Request, TYPES } from 'tedious';
import type { Cell, Parameter, Row } from '../port.ts';
import { type NamedRows, onlyRow, type Shape, type Shaped, shapeRows } from '../shape.ts';
import { render, type Sql } from '../sql.ts';
import { cellOfValue } from './cells.ts';
import { dialect } from './dialect.ts';
import type { DataType, DriverValue } from './driver.ts';
import { insidesOf } from './driver.ts';
import type { ErrorPlace } from './errors.ts';
import { failureOn, type Session, watch } from './session.ts';

/** What a statement is about: an error says it. */
type Place = Omit<ErrorPlace, 'database'>;

interface Outcome {
  /** Of the last statement that gave rows, as its names. */
  rows: DriverValue[][];
  names: string[];
}

type Value = Exclude<Parameter, null>;

/**
 * Runs a batch without parameters. Temporary tables that it makes stay until the session ends or drops them; those of a
 * statement with parameters would be gone with it.
 * @throws DatabaseError
 */
export async function runBatch(session: Session, text: string, place?: Place): Promise<DriverValue[][]> {
  return (await send(session, text, [], place)).rows;
}

/** Runs one statement and gives its rows as the shape says. @throws DatabaseError */
export async function query<S extends Shape>(session: Session, statement: Sql, shape: S): Promise<Shaped<S>[]> {
  const { text, values } = render(statement, dialect);
  return shapeRows(await queryNamed(session, text, values), shape);
}

/** Runs one statement and gives the number of rows it touched, those of its triggers left out. @throws DatabaseError */
export async function execute(session: Session, statement: Sql): Promise<number> {
  const { text, values } = render(statement, dialect);
  return executeCount(session, text, values);
}

/** What goes with a statement: the values of its parameters, and what it is about. */
export interface StatementDetails {
  parameters?: Value[];
  place?: Place;
}

/** Runs one statement, `@p0` its first parameter, and gives its rows as the shape says. @throws DatabaseError */
export async function queryShaped<S extends Shape>(
  session: Session,
  statement: string,
  shape: S,
  { parameters = [], place }: StatementDetails = {},
): Promise<Shaped<S>[]> {
  return shapeRows(await queryNamed(session, statement, parameters, place), shape);
}

/** Like `queryShaped`, gives the rows as cells. */
export async function queryCells(
  session: Session,
  statement: string,
  parameters: Value[] = [],
  place?: Place,
): Promise<Row[]> {
  return (await queryNamed(session, statement, parameters, place)).rows;
}

/** Like `queryCells`, of a statement that always gives one row: its first cell. */
export async function queryCell(
  session: Session,
  statement: string,
  parameters?: Value[],
  place?: Place,
): Promise<Cell> {
  const [first = null] = onlyRow(await queryCells(session, statement, parameters, place));
  return first;
}

async function queryNamed(session: Session, statement: string, parameters: Value[], place?: Place): Promise<NamedRows> {
  const { rows, names } = await send(session, statement, parameters.map(typed), place);
  return { names, rows: rows.map((row) => row.map(({ value, metadata }) => cellOfValue(value, metadata))) };
}

/** Like `queryCells`, gives the number of rows the statement touched, those of its triggers left out. */
export async function executeCount(
  session: Session,
  statement: string,
  parameters: Value[] = [],
  place?: Place,
): Promise<number> {
  const rows = await queryCells(session, counted(statement), parameters, place);
  return Number(rows[0]?.[0] ?? 0);
}

/** With NOCOUNT on the server sends no counts; without, those of triggers come among them. */
export function counted(statement: string): string {
  return `${statement};\nSELECT ROWCOUNT_BIG() AS [rows]`;
}

function typed(value: Value): { type: DataType; value: unknown } {
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
    let names: string[] = [];
    const unwatch = watch(session);
    const request = new Request(text, (error) => {
      unwatch();
      if (error) reject(failureOn(session, error, place));
      else resolve({ rows, names });
    });
    request.on('columnMetadata', (columns) => {
      // In an array, unless the driver was asked to give columns by their names.
      names = Object.values(columns).map(({ colName }) => colName);
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

/**
 * Bytes are declared with a length of one at least: the driver would say 0 of none, which the server refuses (8016).
 */
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
  /** What the rows are of: an error says it. */
  place?: Place;
}

/**
 * Runs a statement and hands on what the sink makes of its rows while they come. When the consumer is slow the socket
 * is not read, so that the server waits. When it stops early the statement is cancelled, and the session serves the
 * next one.
 * @throws DatabaseError
 */
export async function* streamRows<T>(
  session: Session,
  statement: string,
  parameters: Value[],
  sink: RowSink<T>,
): AsyncGenerator<T> {
  let ended = false;
  let failure: unknown;
  let paused = false;
  let wake: () => void = () => {};
  const unwatch = watch(session, () => paused);
  const request = new Request(statement, (error) => {
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
  addParameters(request, parameters.map(typed));
  session.connection.execSql(request);
  try {
    for (;;) {
      for (let ready = sink.next(); ready !== undefined; ready = sink.next()) yield ready;
      if (failure) throw failureOn(session, failure, sink.place);
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
 * Cancels a statement and waits until the server has said that it ended (an attention, [MS-TDS] 2.2.1.7): until then
 * the connection can neither serve another one nor be closed. The driver closes it where no answer comes
 * (`cancelTimeout`).
 */
async function cancel(session: Session, request: Request, over: Promise<void>): Promise<void> {
  request.cancel();
  await over;
  const { state, STATE } = insidesOf(session.connection);
  if (state !== STATE.LOGGED_IN) session.broken = true;
}
