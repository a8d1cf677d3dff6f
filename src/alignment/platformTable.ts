import type { Cell, PhysicalColumn, RowRead } from '../database/port.ts';
import { columnOf, type Environment, page, physicalColumn } from '../outsystems/environment.ts';

/** Cells of the columns asked for, in that order; null for a column that this platform version lacks. */
export type PlatformCells = Cell[];

/**
 * Streams rows of a platform table by ascending ID; none where the environment has no such table or it has no ID.
 * @param only the rows with these ids, or those that have one of these ids in a column; all rows when left out.
 * @throws DatabaseError
 */
export async function* platformRows(
  { database, catalog }: Environment,
  name: string,
  columns: readonly string[],
  only: { ids: Iterable<string> } | { column: string; ids: Iterable<string> } | null = null,
): AsyncGenerator<PlatformCells> {
  const table = catalog.platformTables.get(name);
  const key = table && physicalColumn(table, 'ID');
  if (table === undefined || key === undefined) return;
  const present = columns.flatMap((column) => columnOf(table, column) ?? []);
  const read: RowRead = {
    table: { schema: table.schema, name: table.name },
    columns: present.includes(key.name) ? present : [key.name, ...present],
    key: key.name,
    batch: page,
  };
  if (only !== null) {
    const among = 'column' in only ? physicalColumn(table, only.column) : key;
    if (among === undefined) return;
    const keys = fittingIds(among, only.ids);
    if (among === key) read.keys = keys;
    else read.among = { column: among.name, keys };
  }
  const places = columns.map((column) => read.columns.indexOf(columnOf(table, column) ?? ''));
  for await (const rows of database.readRows(read)) {
    for (const row of rows) yield places.map((place) => (place < 0 ? null : row[place]!));
  }
}

const largest: Record<string, bigint> = { smallint: 32767n, int: 2147483647n, integer: 2147483647n };

/** Of these ids, those that the column can hold: a soft key may hold anything. */
export function fittingIds(column: PhysicalColumn, ids: Iterable<string>): string[] {
  if (column.kind !== 'integer') return [...ids];
  const limit = largest[column.type.toLowerCase()] ?? 9223372036854775807n;
  return [...ids].filter((id) => /^-?\d{1,19}$/.test(id) && BigInt(id) <= limit && BigInt(id) >= -limit);
}
