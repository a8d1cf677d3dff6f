import type { Database, PhysicalTable, Row } from '../../database/port.ts';
import { columnOf } from '../../outsystems/environment.ts';
import { linkColumns } from './domain.ts';

/** Rows matched by one statement. */
const rowsAtOnce = 20_000;

/**
 * How many links the destination holds already, and how many of the others say the same as one before them.
 * @param ends ids in the destination; of what is yet to be created, an id that no row has. Nothing is written.
 * @throws DatabaseError
 */
export async function countLinks(
  destination: Database,
  table: PhysicalTable,
  name: string,
  ends: Row[],
): Promise<{ there: number; repeated: number }> {
  if (ends.length === 0) return { there: 0, repeated: 0 };
  const on = linkColumns[name]!.map((column) => columnOf(table, column)!);
  return destination.transaction(async (transaction) => {
    const stage = await transaction.stage({ schema: table.schema, name: table.name }, on, ends);
    const there = new Set<number>();
    for (let from = 0; from < ends.length; from += rowsAtOnce) {
      const matches = await transaction.matchStaged(stage, on, [on[0]!], { from, to: from + rowsAtOnce });
      for (const { row } of matches) there.add(row);
    }
    const twins = await transaction.stagedTwins(stage, on);
    return { there: there.size, repeated: twins.filter(({ row }) => !there.has(row)).length };
  });
}
