import { from as copyFrom } from 'pg-copy-streams';
import { leftOut } from '../errors.ts';
import type { MintedIds, Row, Stage, StageMatch, TableName } from '../port.ts';
import { bigInteger, integer, onlyRow, orNull, text } from '../shape.ts';
import { columnLimits, columnTypeName } from './catalog.ts';
import { type EncodingPlace, encodeRows } from './cells.ts';
import { toDatabaseError } from './errors.ts';
import { arrayText, quoteColumns, quoteIdentifier, quoteTable } from './quoting.ts';
import { type Session, watch } from './session.ts';
import { executeCount, queryCells, queryShaped, run } from './statements.ts';

const rank = quoteIdentifier('caravel rank');

/** Where rows are staged: a temporary table whose columns have the types of some of the table's. */
export interface Staging {
  temporary: string;
  table: TableName;
  columns: string[];
}

/** A stage and the temporary table it lies in. */
export interface StagedTable extends Stage {
  temporary: string;
}

/**
 * Creates a temporary table with the columns' types and collations and none of their constraints, and fills it with one
 * COPY. It is dropped with the transaction.
 * @throws DatabaseError
 */
export async function stageRows(
  session: Session,
  { temporary, table, columns }: Staging,
  rows: Row[] | AsyncIterable<Row[]>,
): Promise<StagedTable> {
  const name = `pg_temp.${quoteIdentifier(temporary)}`;
  const names = quoteColumns(columns);
  const place = { table: table.name, columns, limits: await columnLimits(session, table, columns) };
  await run(
    session,
    `CREATE TEMPORARY TABLE ${quoteIdentifier(temporary)} ON COMMIT DROP AS
       SELECT ${names}, 0 AS ${rank} FROM ${quoteTable(table)} WITH NO DATA`,
    [],
    place,
  );
  const count = await copyIn(session, `COPY ${name} (${names}, ${rank}) FROM STDIN`, rows, place);
  return { table, columns, rows: count, temporary: name };
}

/** One write is outstanding at a time: the library cannot bear more when the server refuses a row. */
async function copyIn(
  session: Session,
  statement: string,
  rows: Row[] | AsyncIterable<Row[]>,
  place: Omit<EncodingPlace, 'database'>,
): Promise<number> {
  const copy = session.client.query(copyFrom(statement));
  let failure: unknown;
  const ended = new Promise<void>((resolve) => {
    copy.once('finish', resolve);
    copy.on('error', (error) => {
      failure ??= error;
      resolve();
    });
  });
  const written = (chunk: Buffer) => new Promise<void>((resolve) => copy.write(chunk, () => resolve()));
  const send = async (chunks: Iterable<Buffer>) => {
    for (const chunk of chunks) {
      if (failure !== undefined) return;
      await Promise.race([written(chunk), ended]);
    }
  };
  let count = 0;
  let waitsForUs = true;
  const unwatch = watch(session, () => waitsForUs);
  try {
    for await (const part of Array.isArray(rows) ? [rows] : rows) {
      waitsForUs = false;
      await send(encodeRows(part, count, { database: session.database, ...place }));
      if (failure !== undefined) break;
      count += part.length;
      waitsForUs = true;
    }
    waitsForUs = false;
    if (failure === undefined) copy.end();
    await ended;
  } catch (error) {
    // The rows could not be had or written down: the COPY is left in its middle.
    session.broken = true;
    throw error;
  } finally {
    unwatch();
  }
  if (failure !== undefined) throw toDatabaseError(failure, { database: session.database, ...place });
  if (copy.rowCount !== count) throw leftOut(session, place.table, count, copy.rowCount);
  return count;
}

/**
 * Inserts the staged rows by rank. PostgreSQL computes the defaults above the sort, so that minted ids ascend with it.
 * @throws DatabaseError also when a trigger of the table left rows out.
 */
export async function insertStagedRows(
  session: Session,
  stage: StagedTable,
  identity: string | null,
): Promise<MintedIds | null> {
  const place = { table: stage.table.name, columns: stage.columns };
  const columns = quoteColumns(stage.columns);
  const insert = `INSERT INTO ${quoteTable(stage.table)} (${columns})
    SELECT ${columns} FROM ${stage.temporary} ORDER BY ${rank}`;
  if (identity === null) {
    const inserted = await executeCount(session, insert, [], place);
    if (inserted !== stage.rows) throw leftOut(session, place.table, stage.rows, inserted);
    return null;
  }
  const minted = await queryShaped(
    session,
    `WITH inserted (id) AS (${insert} RETURNING ${quoteIdentifier(identity)}),
       summary AS (SELECT count(*) AS count, min(id) AS first, max(id) AS last, array_agg(id) AS ids FROM inserted)
     SELECT count, first, CASE WHEN last - first + 1 <> count THEN array_to_string(ids, ',') END AS ids FROM summary`,
    { count: integer, first: orNull(bigInteger), ids: orNull(text) },
    { place },
  );
  const { count, first, ids } = onlyRow(minted);
  if (count !== stage.rows) throw leftOut(session, place.table, stage.rows, count);
  if (first === null) return [];
  return ids === null ? { first, count: stage.rows } : ids.split(',').map(BigInt);
}

/** @returns rows changed. */
export function fillFromStagedRows(
  session: Session,
  stage: StagedTable,
  key: string,
  columns: string[],
): Promise<number> {
  const filled = columns.map((column) => {
    const name = quoteIdentifier(column);
    return {
      assignment: `${name} = COALESCE(target.${name}, staged.${name})`,
      wanted: `(target.${name} IS NULL AND staged.${name} IS NOT NULL)`,
    };
  });
  if (filled.length === 0) return Promise.resolve(0);
  const keyName = quoteIdentifier(key);
  return executeCount(
    session,
    `UPDATE ${quoteTable(stage.table)} AS target SET ${filled.map((column) => column.assignment).join(', ')}
     FROM ${stage.temporary} AS staged
     WHERE target.${keyName} = staged.${keyName} AND (${filled.map((column) => column.wanted).join(' OR ')})`,
    [],
    { table: stage.table.name },
  );
}

/** @returns rows found. */
export function overwriteFromStagedRows(
  session: Session,
  stage: StagedTable,
  key: string,
  columns: string[],
): Promise<number> {
  if (columns.length === 0) return Promise.resolve(0);
  const assignments = columns.map((column) => `${quoteIdentifier(column)} = staged.${quoteIdentifier(column)}`);
  const keyName = quoteIdentifier(key);
  return executeCount(
    session,
    `UPDATE ${quoteTable(stage.table)} AS target SET ${assignments.join(', ')}
     FROM ${stage.temporary} AS staged WHERE target.${keyName} = staged.${keyName}`,
    [],
    { table: stage.table.name },
  );
}

/** Which rows of the table are asked for by staged ones, and which of their columns. */
export interface Matching {
  on: string[];
  columns: string[];
  /** Only staged rows numbered from `from` to before `to`. */
  range?: { from: number; to: number } | undefined;
}

export async function matchStagedRows(
  session: Session,
  stage: StagedTable,
  { on, columns, range }: Matching,
): Promise<StageMatch[]> {
  const equal = on.map((column) => `target.${quoteIdentifier(column)} = staged.${quoteIdentifier(column)}`);
  const within = range === undefined ? [] : [`staged.${rank} >= ${range.from}`, `staged.${rank} < ${range.to}`];
  const found = await queryCells(
    session,
    `SELECT ${[`staged.${rank}`, ...columns.map((column) => `target.${quoteIdentifier(column)}`)].join(', ')}
     FROM ${stage.temporary} AS staged JOIN ${quoteTable(stage.table)} AS target ON ${[...equal, ...within].join(' AND ')}
     ORDER BY 1`,
    [],
    { table: stage.table.name },
  );
  return found.map(([row, ...cells]) => ({ row: Number(row), cells }));
}

export async function findStagedTwins(
  session: Session,
  stage: StagedTable,
  on: string[],
): Promise<{ row: number; first: number }[]> {
  const present = on.map((column) => `${quoteIdentifier(column)} IS NOT NULL`).join(' AND ');
  const found = await queryCells(
    session,
    `SELECT ${rank}, first FROM (
       SELECT ${rank}, min(${rank}) OVER (PARTITION BY ${quoteColumns(on)}) AS first
       FROM ${stage.temporary} WHERE ${present}) AS grouped
     WHERE ${rank} <> first ORDER BY 1`,
  );
  return found.map(([row, first]) => ({ row: Number(row), first: Number(first) }));
}

/** The rows of a table that have one of these keys in a column. */
export interface RowsOfKeys {
  table: TableName;
  column: string;
  keys: string[];
}

/** @returns rows deleted. */
export async function deleteRowsOfKeys(session: Session, { table, column, keys }: RowsOfKeys): Promise<number> {
  if (keys.length === 0) return 0;
  const type = await columnTypeName(session, table, column);
  const statement = `DELETE FROM ${quoteTable(table)} WHERE ${quoteIdentifier(column)} = ANY($1::${type}[])`;
  return executeCount(session, statement, [arrayText(keys)], { table: table.name });
}

/** @returns rows found. */
export async function clearColumnsOfKeys(
  session: Session,
  { table, column: key, keys }: RowsOfKeys,
  columns: string[],
): Promise<number> {
  if (keys.length === 0 || columns.length === 0) return 0;
  const type = await columnTypeName(session, table, key);
  const cleared = columns.map((column) => `${quoteIdentifier(column)} = NULL`).join(', ');
  const statement = `UPDATE ${quoteTable(table)} SET ${cleared} WHERE ${quoteIdentifier(key)} = ANY($1::${type}[])`;
  return executeCount(session, statement, [arrayText(keys)], { table: table.name });
}

/** @returns rows deleted. */
export function deleteAnyRows(session: Session, table: TableName, limit: number): Promise<number> {
  const some = `SELECT ctid FROM ${quoteTable(table)} LIMIT ${Math.floor(limit)}`;
  return executeCount(session, `DELETE FROM ${quoteTable(table)} WHERE ctid = ANY(ARRAY(${some}))`, [], {
    table: table.name,
  });
}

/** @returns rows deleted. */
export function deleteRows(
  session: Session,
  table: TableName,
  key: string,
  range: { after: string | null; upTo: string | null },
): Promise<number> {
  const name = quoteIdentifier(key);
  const bounds: { condition: string; value: string | null }[] = [
    { condition: `${name} >`, value: range.after },
    { condition: `${name} <=`, value: range.upTo },
  ].filter((bound) => bound.value !== null);
  const conditions = bounds.map(({ condition }, index) => `${condition} $${index + 1}`);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return executeCount(
    session,
    `DELETE FROM ${quoteTable(table)}${where}`,
    bounds.map((bound) => bound.value),
    { table: table.name },
  );
}
