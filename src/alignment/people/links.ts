import type { Database, PhysicalTable, Row } from '../../database/port.ts';
import { requiredColumn } from '../../outsystems/environment.ts';
import { type LinkTable, linkColumns } from './domain.ts';

/** Rows matched by one statement. */
const rowsAtOnce = 20_000;

/**
 * How many links the destination holds already, and how many of the others say the same as one before them.
 * @param table of the destination, and which of the link tables it is.
 * @param ends ids in the destination; of what is yet to be created, a placeholder that no row has. Nothing is written.
 * @throws DatabaseError
 */
export async function countLinks(
  destination: Database,
  { table, links }: { table: PhysicalTable; links: LinkTable },
  ends: Row[],
): Promise<{ present: number; repeated: number }> {
  if (ends.length === 0) return { present: 0, repeated: 0 };
  const [first, second] = linkColumns[links];
  const firstColumn = requiredColumn(table, first).name;
  const on = [firstColumn, requiredColumn(table, second).name];
  return destination.transaction(async (transaction) => {
    const stage = await transaction.stage({ schema: table.schema, name: table.name }, on, ends);
    const present = new Set<number>();
    for (let from = 0; from < ends.length; from += rowsAtOnce) {
      const matches = await transaction.matchStaged(stage, on, [firstColumn], { from, to: from + rowsAtOnce });
      for (const { row } of matches) present.add(row);
    }
    const twins = await transaction.stagedTwins(stage, on);
    return { present: present.size, repeated: twins.filter(({ row }) => !present.has(row)).length };
  });
}
