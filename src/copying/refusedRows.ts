import { DatabaseError } from '../database/errors.ts';
import type { Row } from '../database/port.ts';
import { rolledBack } from '../database/rolledBack.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import type { EntityCopy } from './entityCopy.ts';
import { stageRows } from './staging.ts';

/** A row of an entity without identifier, told by the fingerprint of its source cells. */
export interface ToldRow {
  print: bigint;
  cells: Row;
}

/**
 * The rows among these that the destination does not take. Tried in transactions that are always rolled back, by
 * halves: rows without identifiers are written all together, so none of them may be wrong (rowErrors "setAside").
 * @throws DatabaseError when the trouble is not a row's
 */
export async function refusedRows(
  copy: EntityCopy<WrittenEntity>,
  rows: readonly ToldRow[],
): Promise<Map<bigint, DatabaseError[]>> {
  const refused = new Map<bigint, DatabaseError[]>();
  const waiting: (readonly ToldRow[])[] = [rows];
  for (let tried = waiting.pop(); tried !== undefined; tried = waiting.pop()) {
    const error = await tryOut(copy, tried);
    if (error === null) continue;
    const [row] = tried;
    if (row !== undefined && tried.length === 1) {
      refused.set(row.print, [...(refused.get(row.print) ?? []), error]);
      continue;
    }
    const middle = tried.length >> 1;
    waiting.push(tried.slice(middle), tried.slice(0, middle));
  }
  return refused;
}

/** @returns what is wrong with one of the rows; null where all of them go in. */
async function tryOut(
  { context, entity, translator }: EntityCopy<WrittenEntity>,
  rows: readonly ToldRow[],
): Promise<DatabaseError | null> {
  if (rows.length === 0) return null;
  const cells = rows.map((row) => row.cells);
  try {
    await rolledBack(context.destination, async (transaction) =>
      transaction.insertStaged(await stageRows(transaction, entity, translator.destinationColumns, cells), null),
    );
    return null;
  } catch (error) {
    if (error instanceof DatabaseError && error.rowLevel) return error;
    throw error;
  }
}
