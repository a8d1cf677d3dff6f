import type { Queries, Row } from './port.ts';
import { cell, onlyRow, type Shape, type Shaped } from './shape.ts';
import { type Sql, sql } from './sql.ts';

/** The row of a statement that always gives one, such as a count. */
export async function queryOne<S extends Shape>(queries: Queries, statement: Sql, shape: S): Promise<Shaped<S>> {
  return onlyRow(await queries.query(statement, shape));
}

/**
 * Rows of a list of expressions that is made at run time; their cells come in its order.
 * @param rest what follows the list: `from …`
 */
export async function queryRows(queries: Queries, expressions: readonly Sql[], rest: Sql): Promise<Row[]> {
  const aliases = expressions.map((_, index) => `c${index}`);
  const selected = expressions.map((expression, index) => sql`${expression} as ${sql.id(`c${index}`)}`);
  const shape = Object.fromEntries(aliases.map((alias) => [alias, cell]));
  const rows = await queries.query(sql`select ${sql.join(selected, ', ')} ${rest}`, shape);
  return rows.map((row) => aliases.map((alias) => row[alias] ?? null));
}

/** The same of a statement that always gives one row. @returns what each expression is, in their order. */
export async function queryRow(queries: Queries, expressions: readonly Sql[], rest: Sql = sql``): Promise<Row> {
  return onlyRow(await queryRows(queries, expressions, rest));
}
