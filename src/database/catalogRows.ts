import { DatabaseError } from './errors.ts';
import type { PhysicalIndex, PhysicalTable, Row, TableName } from './port.ts';

/** Rows of a database's own catalog: it holds no binary values. */
export function texts(rows: Row[]): (string | null)[][] {
  return rows as (string | null)[][];
}

/** Adds one column of an index to its table: name, primary, unique, column; they come by index, in its order. */
export function addIndexColumn(table: PhysicalTable, [name, primary, unique, column]: (string | null)[]): void {
  if (primary === '1') {
    table.primaryKey.push(column!);
    return;
  }
  let index: PhysicalIndex | undefined = table.indexes.at(-1);
  if (index?.name !== name) {
    index = { name: name!, columns: [], unique: unique === '1' };
    table.indexes.push(index);
  }
  index!.columns.push(column!);
}

/** There is no such table, or no such column of it, as far as the login may see. */
export function missingObject(
  database: string,
  number: string,
  table: TableName,
  column: string | null,
): DatabaseError {
  return new DatabaseError({
    code: 'unknownObject',
    database,
    number,
    table: table.name,
    column,
    message:
      column === null
        ? `${database}: there is no table ${table.schema}.${table.name}, or the login may not see it`
        : `${database} on table ${table.name}: there is no column ${column}`,
  });
}
