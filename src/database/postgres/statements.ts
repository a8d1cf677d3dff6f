import type { CustomTypesConfig, QueryArrayResult } from 'pg';
import type { Cell, Parameter, Row } from '../port.ts';
import { type NamedRows, onlyRow, type Shape, type Shaped, shapeRows } from '../shape.ts';
import { render, type Sql } from '../sql.ts';
import { cellOfText } from './cells.ts';
import { dialect } from './dialect.ts';
import { type ErrorPlace, toDatabaseError } from './errors.ts';
import { type Session, watch } from './session.ts';

/** All values are wanted as the server wrote them. */
const rawText: CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

/** What a statement is about: an error says it. */
type Place = Omit<ErrorPlace, 'database'>;

/**
 * Runs one statement; `$1` is the first of its parameters.
 * @throws DatabaseError
 */
export async function run(
  session: Session,
  statement: string,
  parameters: Parameter[] = [],
  place: Place = {},
): Promise<QueryArrayResult<unknown[]>> {
  const unwatch = watch(session);
  try {
    return await session.client.query({
      text: statement,
      values: parameters.map(parameterText),
      rowMode: 'array',
      types: rawText,
    });
  } catch (error) {
    throw toDatabaseError(error, { database: session.database, ...place });
  } finally {
    unwatch();
  }
}

/** Runs one statement and gives its rows as the shape says. @throws DatabaseError */
export async function query<S extends Shape>(session: Session, statement: Sql, shape: S): Promise<Shaped<S>[]> {
  const { text, values } = render(statement, dialect);
  return shapeRows(namedRows(await run(session, text, values)), shape);
}

/** Runs one statement and gives the number of rows it touched. @throws DatabaseError */
export async function execute(session: Session, statement: Sql): Promise<number> {
  const { text, values } = render(statement, dialect);
  return executeCount(session, text, values);
}

/** What goes with a statement: the values of its parameters, and what it is about. */
export interface StatementDetails {
  parameters?: Parameter[];
  place?: Place;
}

/** Like `run`, gives the rows as the shape says. */
export async function queryShaped<S extends Shape>(
  session: Session,
  statement: string,
  shape: S,
  { parameters, place }: StatementDetails = {},
): Promise<Shaped<S>[]> {
  return shapeRows(namedRows(await run(session, statement, parameters, place)), shape);
}

/** Like `run`, gives the rows as cells. */
export async function queryCells(
  session: Session,
  statement: string,
  parameters?: Parameter[],
  place?: Place,
): Promise<Row[]> {
  return namedRows(await run(session, statement, parameters, place)).rows;
}

/** Like `queryCells`, of a statement that always gives one row: its first cell. */
export async function queryCell(
  session: Session,
  statement: string,
  parameters?: Parameter[],
  place?: Place,
): Promise<Cell> {
  const [first = null] = onlyRow(await queryCells(session, statement, parameters, place));
  return first;
}

function namedRows(result: QueryArrayResult<unknown[]>): NamedRows {
  const types = result.fields.map((field) => field.dataTypeID);
  // All values are text: rawText parses nothing.
  const rows = result.rows as (string | null)[][];
  return {
    names: result.fields.map((field) => field.name),
    rows: rows.map((row) =>
      row.map((text, index): Cell => (text === null ? null : cellOfText(text, types[index] ?? 0))),
    ),
  };
}

/** Like `run`, gives the number of rows it touched. */
export async function executeCount(
  session: Session,
  statement: string,
  parameters?: Parameter[],
  place?: Place,
): Promise<number> {
  return (await run(session, statement, parameters, place)).rowCount ?? 0;
}

/** Dates as UTC: pg itself would write the worker's local time. */
function parameterText(value: Parameter): string | Buffer | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
