import { missingObject } from '../catalogRows.ts';
import type { TableName } from '../port.ts';
import { text } from '../shape.ts';
import { type ColumnType, columnType, typeFacts } from './columnTypes.ts';
import { quoteTable } from './quoting.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';

export const columnsQuestion = `SELECT c.name, t.name AS [base], c.max_length, c.precision, c.scale,
  c.collation_name AS [collation]
FROM sys.columns AS c
LEFT JOIN sys.types AS t ON t.user_type_id = c.system_type_id
WHERE c.object_id = OBJECT_ID(@p0)`;

/**
 * What was read once is remembered for a while: a batch would otherwise ask for its table each time. Not for long: a
 * text that was staged for a wider column than there is now loses its trailing blanks without an error.
 */
const rememberedMs = 30_000;

type TypesByName = ReadonlyMap<string, ColumnType>;

/** Keeps what was read of a table's columns. @returns it by name: the exact one, and the folded one */
export function rememberTypes(
  session: Session,
  table: TableName,
  columns: (readonly [string, ColumnType])[],
): TypesByName {
  // By its exact name, else as the server compares names nearly everywhere.
  const folded = columns.map(([column, type]) => [column.toLowerCase(), type] as const);
  const types = new Map([...folded, ...columns]);
  session.types.set(quoteTable(table), { at: performance.now(), columns: types });
  return types;
}

const typeIn = (types: TypesByName, column: string) => types.get(column) ?? types.get(column.toLowerCase());

/**
 * Types of some columns, in the order asked for.
 * @throws DatabaseError `unknownObject` naming the table or column that is not there.
 */
export async function columnTypes(session: Session, table: TableName, columns: string[]): Promise<ColumnType[]> {
  const types = rememberedTypes(session, table, columns) ?? (await readTypes(session, table));
  return columns.map((column) => requiredType(session, table, types, column));
}

/** Type of one column. @throws DatabaseError `unknownObject` */
export async function columnTypeOf(session: Session, table: TableName, column: string): Promise<ColumnType> {
  const types = rememberedTypes(session, table, [column]) ?? (await readTypes(session, table));
  return requiredType(session, table, types, column);
}

/** Null where they are to be read: what is remembered is old, or lacks a column, which may be there now. */
function rememberedTypes(session: Session, table: TableName, columns: string[]): TypesByName | null {
  const remembered = session.types.get(quoteTable(table));
  if (remembered === undefined || performance.now() - remembered.at > rememberedMs) return null;
  const { columns: types } = remembered;
  return columns.every((column) => typeIn(types, column) !== undefined) ? types : null;
}

async function readTypes(session: Session, table: TableName): Promise<TypesByName> {
  const shape = { name: text, ...typeFacts };
  const columns = await queryShaped(session, columnsQuestion, shape, { parameters: [quoteTable(table)] });
  return rememberTypes(
    session,
    table,
    columns.map(({ name, ...facts }) => [name, columnType(facts)] as const),
  );
}

function requiredType(session: Session, table: TableName, types: TypesByName, column: string): ColumnType {
  const type = typeIn(types, column);
  if (type !== undefined) return type;
  session.types.delete(quoteTable(table));
  const isTable = types.size === 0;
  throw missingObject(session.database, isTable ? '208' : '207', table, isTable ? null : column);
}
