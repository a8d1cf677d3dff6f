import type { Row } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { NewIssue } from '../journal/issues.ts';
import type { PlannedReference } from '../plan/plan.ts';

/** Rows as the destination will hold them, and what became of those that it will not hold. Each step gives new ones. */
export interface TranslatedRows {
  /** Cells in the order of `Translator.destinationColumns`. */
  readonly rows: Row[];
  /** Source identifier of each row of `rows`; empty where the entity has none. */
  readonly sourceIds: string[];
  /** Of each row, over the cells at `Translator.fingerprinted`; empty where the entity has no identifier. */
  readonly fingerprints: BigUint64Array;
  readonly known: number;
  readonly nulled: number;
  /** Rows that the spec leaves behind. */
  readonly leftOut: number;
  readonly setAside: NewIssue[];
  /** Rows set aside with the process instance that they are part of, which has the issue. */
  readonly setAsideAlong: number;
  readonly pending: PendingReference[];
}

/** A reference left NULL for now: the cell to fill should its target be mapped before the row is written. */
export interface PendingReference {
  row: number;
  column: number;
  value: string;
  reference: PlannedReference;
  map: IdMap;
}

/** The rows without some of them, given by their places. */
export function withoutRows(translated: TranslatedRows, out: ReadonlySet<number>): TranslatedRows {
  if (out.size === 0) return translated;
  const kept = [...translated.rows.keys()].filter((row) => !out.has(row));
  const places = new Map(kept.map((old, now) => [old, now]));
  return {
    ...translated,
    rows: translated.rows.filter((_, row) => !out.has(row)),
    sourceIds: translated.sourceIds.filter((_, row) => !out.has(row)),
    fingerprints: translated.fingerprints.filter((_, row) => !out.has(row)),
    pending: translated.pending.flatMap((pending) => {
      const row = places.get(pending.row);
      return row === undefined ? [] : [{ ...pending, row }];
    }),
  };
}

/** The rows with those pending references filled whose targets have been mapped since, and how many are still NULL. */
export function resolvePending(translated: TranslatedRows): { translated: TranslatedRows; deferred: number } {
  const filled = new Map<number, Row>();
  let deferred = 0;
  for (const { row, column, value, map } of translated.pending) {
    const mapped = map.get(value);
    if (mapped === undefined) {
      deferred += 1;
      continue;
    }
    const cells = filled.get(row) ?? [...(translated.rows[row] ?? [])];
    cells[column] = mapped;
    filled.set(row, cells);
  }
  if (filled.size === 0) return { translated, deferred };
  const rows = translated.rows.map((row, place) => filled.get(place) ?? row);
  return { translated: { ...translated, rows }, deferred };
}
