import type { Cell, Transaction } from '../database/port.ts';
import type { KeyedEntity } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { disputed } from './errors.ts';
import { stagedRow } from './staging.ts';
import { type TranslatedRows, withoutRows } from './translatedRows.ts';

/**
 * `conflicts: reuse`: the batch without the rows whose values the destination's unique indexes have already; they are
 * mapped to the row that is there, to which nothing is written. All indexes must mean the same row.
 * @returns also [source id, destination id] of each. @throws CopyError `conflict`, DatabaseError
 */
export async function separateByIndexes(
  entity: KeyedEntity,
  destinationColumns: readonly string[],
  translated: TranslatedRows,
  transaction: Transaction,
): Promise<{ translated: TranslatedRows; reused: [string, string][] }> {
  const meant = new Map<number, Set<string | null>>();
  const { unique } = entity;
  if (unique === undefined) return { translated, reused: [] };
  for (const index of entity.identifier === 'minted' ? unique : [[entity.destination.identifier], ...unique]) {
    const places = index.map((column) => destinationColumns.indexOf(column));
    const waiting = new Set(translated.pending.filter(({ column }) => places.includes(column)).map(({ row }) => row));
    const compared = translated.rows.flatMap((cells, row) => {
      const key = places.map((place): Cell => cells[place]!);
      return waiting.has(row) || key.includes(null) ? [] : [{ row, key }];
    });
    if (compared.length === 0) continue;
    const keys = compared.map(({ key }) => key);
    const stage = await transaction.stage(destinationTable(entity), index, keys);
    const counterparts = new Map<number, string>();
    for (const { row, cells } of await transaction.matchStaged(stage, index, [entity.destination.identifier])) {
      counterparts.set(stagedRow(compared, row).row, String(cells[0]));
    }
    for (const { row } of compared) meant.set(row, (meant.get(row) ?? new Set()).add(counterparts.get(row) ?? null));
  }
  const reused: [string, string][] = [];
  const out = new Set<number>();
  for (const [row, means] of meant) {
    const [first] = means;
    const sourceId = translated.sourceIds[row]!;
    if (means.size > 1) throw disputed(entity, sourceId);
    if (first === null || first === undefined) continue;
    out.add(row);
    reused.push([sourceId, first]);
  }
  return { translated: withoutRows(translated, out), reused };
}
