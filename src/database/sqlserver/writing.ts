import { TYPES } from 'tedious';
import { leftOut } from '../errors.ts';
import type { Cell, MintedIds, Row, Stage, StageMatch, TableName } from '../port.ts';
import { bigInteger, integer, onlyRow, orNull } from '../shape.ts';
import { type BulkColumn, bulkLoad } from './bulkLoad.ts';
import { Misfit, type Transfer, transferOf } from './cells.ts';
import { type ColumnType, isCodePage } from './columnTypes.ts';
import { quoteColumns, quoteIdentifier, quoteTable } from './quoting.ts';
import { boundExpression, stageKeys } from './reading.ts';
import type { Session } from './session.ts';
import { executeCount, queryCells, queryShaped, runBatch } from './statements.ts';
import { columnTypeOf, columnTypes } from './tableTypes.ts';

/** Staged columns are called c0, c1, …: their real names would need quoting that the driver's bulk load does not do. */
const stagedName = (index: number) => `c${index}`;
const notAscii = /[^\x20-\x7e\t\r\n]/;

/** Where rows are staged: a temporary table that takes the values of some of the table's columns. */
export interface Staging {
  temporary: string;
  table: TableName;
  columns: string[];
}

/** A stage and the temporary table it lies in. */
export interface StagedTable extends Stage {
  temporary: string;
  types: ColumnType[];
}

/**
 * Creates a temporary table that takes the columns' values (cells.ts, `Transfer`) and none of their constraints, and
 * fills it with one bulk load. It is of the session, and in tempdb: that needs no right that every login does not have.
 * @throws DatabaseError also for a value that its column could not hold exactly
 */
export async function stageRows(
  session: Session,
  staging: Staging,
  rows: Row[] | AsyncIterable<Row[]>,
): Promise<StagedTable> {
  const { temporary, table, columns } = staging;
  const types = await columnTypes(session, table, columns);
  const transfers = types.map(transferOf);
  const encode = encoder(session.database, staging, types);
  // What does not fit is found before anything is on its way, where the rows are there already.
  const encoded = Array.isArray(rows) ? rows.map(encode.row) : encodeParts(rows, encode.row);
  await runBatch(session, stageStatement(temporary, transfers));
  const bulkColumns: BulkColumn[] = transfers.map(({ bulk }, index) => ({ name: stagedName(index), ...bulk }));
  bulkColumns.push({ name: 'rank', type: TYPES.Int });
  const target = { temporary, columns: bulkColumns, place: { table: table.name } };
  const count = await bulkLoad(session, target, encoded);
  const stage = { table, columns, rows: count, temporary, types };
  for (const index of encode.beyondAscii) await requireCodePage(session, stage, index);
  return stage;
}

/** Every column takes NULL: a bulk load says so of its columns, and the server wants both to agree. */
export function stageStatement(temporary: string, transfers: Transfer[]): string {
  const columns = transfers.map(({ staged }, index) => `[${stagedName(index)}] ${staged} NULL`);
  return `CREATE TABLE ${temporary} (${[...columns, '[rank] int NULL'].join(', ')});`;
}

function encoder(
  database: string,
  { table, columns }: Staging,
  types: ColumnType[],
): { row: (row: Row) => unknown[]; beyondAscii: Set<number> } {
  const beyondAscii = new Set<number>();
  const transfers = types.map(transferOf);
  const codePage = types.map(isCodePage);
  let rank = 0;
  const cell = (value: Cell, index: number): unknown => {
    if (codePage[index] && typeof value === 'string' && notAscii.test(value)) beyondAscii.add(index);
    try {
      return transfers[index]!.encode(value);
    } catch (error) {
      throw error instanceof Misfit ? error.at(database, table.name, columns[index]!) : error;
    }
  };
  return {
    row(row) {
      const encoded = new Array<unknown>(row.length + 1);
      for (let index = 0; index < row.length; index++) encoded[index] = cell(row[index]!, index);
      encoded[row.length] = rank++;
      return encoded;
    },
    beyondAscii,
  };
}

async function* encodeParts(parts: AsyncIterable<Row[]>, encode: (row: Row) => unknown[]): AsyncGenerator<unknown[]> {
  for await (const part of parts) for (const row of part) yield encode(row);
}

/** A character that the column's code page lacks would become `?`, and no error says so. */
async function requireCodePage(session: Session, stage: StagedTable, index: number): Promise<void> {
  const lost = await queryCells(session, codePageQuestion(stage.temporary, index, stage.types[index]!));
  if (lost.length > 0) throw new Misfit('invalidValue').at(session.database, stage.table.name, stage.columns[index]!);
}

export function codePageQuestion(temporary: string, index: number, type: ColumnType): string {
  const staged = `[${stagedName(index)}]`;
  const there =
    type.base === 'text' || type.length === null ? 'varchar(max)' : `varchar(${Math.min(type.length * 4, 8000)})`;
  const back = `CAST(CAST(${staged} AS ${there}) AS nvarchar(max)) COLLATE Latin1_General_BIN2`;
  return `SELECT TOP (1) 1 FROM ${temporary} WHERE ${back} <> ${staged} COLLATE Latin1_General_BIN2`;
}

/**
 * Inserts the staged rows by rank. The order of an INSERT … SELECT decides the order in which identities are computed
 * (Microsoft's documentation, "INSERT (Transact-SQL)", Limitations). OUTPUT needs INTO, for tables of the platform have
 * triggers (error 334 without); @@IDENTITY and SCOPE_IDENTITY would give one id, or the trigger's.
 * @throws DatabaseError also when a trigger of the table left rows out.
 */
export async function insertStagedRows(
  session: Session,
  stage: StagedTable,
  identity: string | null,
): Promise<MintedIds | null> {
  const place = { table: stage.table.name };
  if (identity === null) {
    const inserted = await executeCount(session, insertStatement(stage, null), [], place);
    if (inserted !== stage.rows) throw leftOut(session, place.table, stage.rows, inserted);
    return null;
  }
  const summary = { count: integer, first: orNull(bigInteger), last: orNull(bigInteger) };
  const minted = await queryShaped(session, insertStatement(stage, identity), summary, { place });
  const { count, first, last } = onlyRow(minted);
  if (count !== stage.rows) throw leftOut(session, place.table, stage.rows, count);
  if (first === null || last === null) return [];
  if (last - first + 1n === BigInt(count)) return { first, count: stage.rows };
  const ids = await queryShaped(session, mintedQuestion(stage), { id: bigInteger });
  return ids.map(({ id }) => id);
}

const mintedTable = ({ temporary }: StagedTable) => `${temporary}_ids`;

/** Temporary tables that a stage has brought about once it was inserted. */
export function temporaryTables(stage: StagedTable): string[] {
  return [stage.temporary, mintedTable(stage)];
}

export function insertStatement(stage: StagedTable, identity: string | null): string {
  const values = stage.types.map((type, index) => transferOf(type).write(`[${stagedName(index)}]`)).join(', ');
  const target = `INSERT INTO ${quoteTable(stage.table)} (${quoteColumns(stage.columns)})`;
  const rows = `SELECT ${values} FROM ${stage.temporary} ORDER BY [rank]`;
  if (identity === null) return `${target}\n${rows}`;
  const minted = mintedTable(stage);
  return `CREATE TABLE ${minted} ([id] bigint NOT NULL);
${target}
OUTPUT INSERTED.${quoteIdentifier(identity)} INTO ${minted} ([id])
${rows};
SELECT COUNT_BIG(*) AS [count], MIN([id]) AS [first], MAX([id]) AS [last] FROM ${minted}`;
}

export function mintedQuestion(stage: StagedTable): string {
  return `SELECT [id] FROM ${mintedTable(stage)} ORDER BY [id]`;
}

/** @returns rows changed. */
export function fillFromStagedRows(
  session: Session,
  stage: StagedTable,
  key: string,
  columns: string[],
): Promise<number> {
  if (columns.length === 0) return Promise.resolve(0);
  return executeCount(session, fillStatement(stage, key, columns), [], { table: stage.table.name });
}

/** A staged column as a value of the type it is staged for. */
function stagedValue(stage: StagedTable, column: string): string {
  const index = stage.columns.indexOf(column);
  return transferOf(stage.types[index]!).write(`[staged].[${stagedName(index)}]`);
}

const targetColumn = (column: string) => `[target].${quoteIdentifier(column)}`;

/** The table's rows beside the staged ones that equal them in these columns. */
function joined(stage: StagedTable, on: string[]): string {
  const equal = on.map((column) => `${targetColumn(column)} = ${stagedValue(stage, column)}`);
  return `FROM ${quoteTable(stage.table)} AS [target]
INNER JOIN ${stage.temporary} AS [staged] ON ${equal.join(' AND ')}`;
}

export function fillStatement(stage: StagedTable, key: string, columns: string[]): string {
  const filled = columns.map((column) => ({
    assignment: `${quoteIdentifier(column)} = COALESCE(${targetColumn(column)}, ${stagedValue(stage, column)})`,
    wanted: `(${targetColumn(column)} IS NULL AND ${stagedValue(stage, column)} IS NOT NULL)`,
  }));
  return `UPDATE [target] SET ${filled.map(({ assignment }) => assignment).join(', ')}
${joined(stage, [key])}
WHERE ${filled.map(({ wanted }) => wanted).join(' OR ')}`;
}

/** @returns rows found. */
export function overwriteFromStagedRows(
  session: Session,
  stage: StagedTable,
  key: string,
  columns: string[],
): Promise<number> {
  if (columns.length === 0) return Promise.resolve(0);
  return executeCount(session, overwriteStatement(stage, key, columns), [], { table: stage.table.name });
}

export function overwriteStatement(stage: StagedTable, key: string, columns: string[]): string {
  const assignments = columns.map((column) => `${quoteIdentifier(column)} = ${stagedValue(stage, column)}`);
  return `UPDATE [target] SET ${assignments.join(', ')}
${joined(stage, [key])}`;
}

/** Which rows of the table are asked for by staged ones, and which of their columns. */
export interface Matching {
  on: string[];
  columns: string[];
  /** Only staged rows numbered from `from` to before `to`. */
  range?: { from: number; to: number } | undefined;
}

export async function matchStagedRows(session: Session, stage: StagedTable, matching: Matching): Promise<StageMatch[]> {
  const types = await columnTypes(session, stage.table, matching.columns);
  const statement = matchQuestion(stage, matching, types);
  const found = await queryCells(session, statement, [], { table: stage.table.name });
  return found.map(([row, ...cells]) => ({ row: Number(row), cells }));
}

/** @param types of the columns asked for. */
export function matchQuestion(stage: StagedTable, { on, columns, range }: Matching, types: ColumnType[]): string {
  const cells = columns.map((column, index) => transferOf(types[index]!).read(targetColumn(column)));
  const within =
    range === undefined ? '' : `\nWHERE [staged].[rank] >= ${range.from} AND [staged].[rank] < ${range.to}`;
  return `SELECT ${['[staged].[rank]', ...cells].join(', ')}
${joined(stage, on)}${within}
ORDER BY [staged].[rank]`;
}

export async function findStagedTwins(
  session: Session,
  stage: StagedTable,
  on: string[],
): Promise<{ row: number; first: number }[]> {
  const found = await queryCells(session, twinsQuestion(stage, on));
  return found.map(([row, first]) => ({ row: Number(row), first: Number(first) }));
}

export function twinsQuestion(stage: StagedTable, on: string[]): string {
  const values = on.map((column) => stagedValue(stage, column));
  return `SELECT [rank], [first] FROM (
SELECT [rank], MIN([rank]) OVER (PARTITION BY ${values.join(', ')}) AS [first]
FROM ${stage.temporary} AS [staged] WHERE ${values.map((value) => `${value} IS NOT NULL`).join(' AND ')}) AS [grouped]
WHERE [rank] <> [first] ORDER BY [rank]`;
}

/** The rows of a table that have one of these keys in a column. */
export interface RowsOfKeys {
  table: TableName;
  column: string;
  keys: string[];
}

export const askedKeysTable = '#caravel_asked';

/**
 * Puts the keys into a temporary table, which is there while `work` runs.
 * @param work is given the type of their column.
 */
export async function amongAskedKeys<T>(
  session: Session,
  { table, column, keys }: RowsOfKeys,
  work: (type: ColumnType) => Promise<T>,
): Promise<T> {
  const type = await columnTypeOf(session, table, column);
  await stageKeys(session, askedKeysTable, type, keys);
  const result = await work(type);
  await runBatch(session, dropStatement([askedKeysTable]));
  return result;
}

const askedKeys = (type: ColumnType) => `SELECT ${transferOf(type).write('[key]')} FROM ${askedKeysTable}`;

export function dropStatement(temporary: string[]): string {
  return temporary.map((table) => `DROP TABLE IF EXISTS ${table};`).join('\n');
}

/** @returns rows deleted. */
export async function deleteRowsOfKeys(session: Session, rows: RowsOfKeys): Promise<number> {
  const { table, column, keys } = rows;
  if (keys.length === 0) return 0;
  return amongAskedKeys(session, rows, (type) =>
    executeCount(session, deleteKeysStatement(table, column, type), [], { table: table.name }),
  );
}

export function deleteKeysStatement(table: TableName, column: string, type: ColumnType): string {
  return `DELETE FROM ${quoteTable(table)} WHERE ${quoteIdentifier(column)} IN (${askedKeys(type)})`;
}

/** @returns rows found. */
export async function clearColumnsOfKeys(session: Session, rows: RowsOfKeys, columns: string[]): Promise<number> {
  const { table, column: key, keys } = rows;
  if (keys.length === 0 || columns.length === 0) return 0;
  return amongAskedKeys(session, rows, (type) =>
    executeCount(session, clearColumnsStatement(table, key, type, columns), [], { table: table.name }),
  );
}

export function clearColumnsStatement(table: TableName, key: string, type: ColumnType, columns: string[]): string {
  const cleared = columns.map((column) => `${quoteIdentifier(column)} = NULL`).join(', ');
  return `UPDATE ${quoteTable(table)} SET ${cleared} WHERE ${quoteIdentifier(key)} IN (${askedKeys(type)})`;
}

/** @returns rows deleted. */
export function deleteAnyRows(session: Session, table: TableName, limit: number): Promise<number> {
  return executeCount(session, deleteSomeStatement(table, limit), [], { table: table.name });
}

export function deleteSomeStatement(table: TableName, limit: number): string {
  return `DELETE TOP (${Math.floor(limit)}) FROM ${quoteTable(table)}`;
}

/** @returns rows deleted. */
export async function deleteRows(
  session: Session,
  table: TableName,
  key: string,
  range: { after: string | null; upTo: string | null },
): Promise<number> {
  const type = await columnTypeOf(session, table, key);
  const bounds = [range.after, range.upTo].filter((bound) => bound !== null);
  return executeCount(session, deleteStatement(table, key, type, range), bounds, { table: table.name });
}

export function deleteStatement(
  table: TableName,
  key: string,
  type: ColumnType,
  range: { after: string | null; upTo: string | null },
): string {
  const [after, upTo] = [range.after !== null, range.upTo !== null];
  const conditions = [
    ...(after ? [`${quoteIdentifier(key)} > ${boundExpression(type, 0)}`] : []),
    ...(upTo ? [`${quoteIdentifier(key)} <= ${boundExpression(type, after ? 1 : 0)}`] : []),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `DELETE FROM ${quoteTable(table)}${where}`;
}
