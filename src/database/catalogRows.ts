import { DatabaseError } from './errors.ts';
import type { PhysicalTable, TableName } from './port.ts';
import { type Shaped, text, truth } from './shape.ts';

/** Tables while they are put together from the rows of a catalog, by the number that it has for each. */
export class CatalogTables {
  readonly #tables = new Map<string, PhysicalTable>();

  add(id: string, { schema, name, type, estimatedRows }: TableFacts): void {
    const parts = { columns: [], primaryKey: [], foreignKeys: [], indexes: [], triggers: [] };
    this.#tables.set(id, { schema, name, type, ...parts, estimatedRows });
  }

  get ids(): string[] {
    return [...this.#tables.keys()];
  }

  /** @throws Error for a number that the catalog gave to no table. */
  of(id: string): PhysicalTable {
    const table = this.#tables.get(id);
    if (table === undefined) throw new Error(`the catalog tells of a table ${id} that it did not list`);
    return table;
  }

  all(): PhysicalTable[] {
    return [...this.#tables.values()];
  }
}

type TableFacts = Pick<PhysicalTable, 'schema' | 'name' | 'type' | 'estimatedRows'>;

/** One column of an index's key. */
export const indexColumn = { tableId: text, index: text, isPrimary: truth, isUnique: truth, column: text };

/** Adds one column of an index to its table; they come by index, in its order. */
export function addIndexColumn(
  table: PhysicalTable,
  { index: name, isPrimary, isUnique, column }: Shaped<typeof indexColumn>,
): void {
  if (isPrimary) {
    table.primaryKey.push(column);
    return;
  }
  const last = table.indexes.at(-1);
  if (last?.name === name) last.columns.push(column);
  else table.indexes.push({ name, columns: [column], unique: isUnique });
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
