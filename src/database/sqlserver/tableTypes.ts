import { missingObject, texts } from '../catalogRows.ts';
import type { TableName } from '../port.ts';
import { type ColumnType, columnType } from './columnTypes.ts';
import { quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

export const columnsQuestion = `SELECT c.name, t.name, c.max_length, c.precision, c.scale, c.collation_name
FROM sys.columns AS c
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
WHERE c.object_id = OBJECT_ID(@p0)`;

/**
 * What was read once is remembered for a while: a batch would otherwise ask for its table each time. Not for long: a text
 * that was staged for a wider column than there is now loses its trailing blanks without an error.
 */
const rememberedMs = 30_000;

/** Keeps what was read of a table's columns. */
export function rememberTypes(session: Session, table: TableName, columns: (readonly [string, ColumnType])[]): void {
  // By its exact name, else as the server compares names nearly everywhere.
  const folded = columns.map(([column, type]) => [column.toLowerCase(), type] as const);
  session.types.set(quoteTable(table), { at: performance.now(), columns: new Map([...folded, ...columns]) });
}

/**
 * Types of some columns, in the order asked for.
 * @throws DatabaseError `unknownObject` naming the table or column that is not there.
 */
export async function columnTypes(session: Session, table: TableName, columns: string[]): Promise<ColumnType[]> {
  const name = quoteTable(table);
  const isKnown = (column: string) => remembered?.columns.has(column) || remembered?.columns.has(column.toLowerCase());
  let remembered = session.types.get(name);
  const isOld = remembered === undefined || performance.now() - remembered.at > rememberedMs;
  // A column that was not there then may be there now.
  if (isOld || !columns.every(isKnown)) {
    const rows = texts(await queryCells(session, columnsQuestion, [name]));
    const types = rows.map(([column, ...facts]) => [column!, columnType(...(facts as ColumnFacts))] as const);
    rememberTypes(session, table, types);
    remembered = session.types.get(name);
  }
  const known = remembered!.columns;
  return columns.map((column) => {
    const type = known.get(column) ?? known.get(column.toLowerCase());
    if (type !== undefined) return type;
    session.types.delete(name);
    const isTable = known.size === 0;
    throw missingObject(session.database, isTable ? '208' : '207', table, isTable ? null : column);
  });
}

type ColumnFacts = [string | null, string | null, string | null, string | null, string | null];
