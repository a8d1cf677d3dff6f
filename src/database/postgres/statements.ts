import type { QueryArrayResult } from 'pg';
import type { Cell, Parameter, Row } from '../port.ts';
import { cellOfText } from './cells.ts';
import { type ErrorPlace, toDatabaseError } from './errors.ts';
import { type Session, watch } from './session.ts';

const rawText = { getTypeParser: () => (value: unknown) => value };

/**
 * Runs one statement with `?` placeholders (`??` for a question mark).
 * @throws DatabaseError
 */
export async function run(
  session: Session,
  statement: string,
  parameters: Parameter[] = [],
  place: Omit<ErrorPlace, 'database'> = {},
): Promise<QueryArrayResult<unknown[]>> {
  const unwatch = watch(session);
  try {
    return await session.client.query({
      text: numberPlaceholders(statement),
      values: parameters.map(parameterText),
      rowMode: 'array',
      // pg's types want parsers by type; all values are wanted as the server wrote them.
      types: rawText as never,
    });
  } catch (error) {
    throw toDatabaseError(error, { database: session.database, ...place });
  } finally {
    unwatch();
  }
}

/** Like `run`, gives the rows as cells. */
export async function queryCells(
  session: Session,
  statement: string,
  parameters?: Parameter[],
  place?: Omit<ErrorPlace, 'database'>,
): Promise<Row[]> {
  const result = await run(session, statement, parameters, place);
  const types = result.fields.map((field) => field.dataTypeID);
  // All values are text: rawText parses nothing.
  const rows = result.rows as (string | null)[][];
  return rows.map((row) => row.map((text, index): Cell => (text === null ? null : cellOfText(text, types[index]!))));
}

/** Like `run`, gives the number of rows it touched. */
export async function executeCount(
  session: Session,
  statement: string,
  parameters?: Parameter[],
  place?: Omit<ErrorPlace, 'database'>,
): Promise<number> {
  return (await run(session, statement, parameters, place)).rowCount ?? 0;
}

/** Leaves quoted identifiers alone: a name may hold a question mark. */
function numberPlaceholders(statement: string): string {
  let number = 0;
  return statement.replace(/"(?:[^"]|"")*"|\?\??/g, (found) => {
    if (found === '?') return `$${++number}`;
    return found === '??' ? '?' : found;
  });
}

/** Dates as UTC: pg itself would write the worker's local time. */
function parameterText(value: Parameter): string | Buffer | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Date) return value.toISOString();
  return String(value);
}
