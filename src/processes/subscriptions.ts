import type { Cell, Row } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { isNullReference } from '../outsystems/naming.ts';
import type { SubscriptionFault } from '../plan/catalogue/issues.ts';
import type { EventTable } from '../plan/eventTable.ts';
import { activityColumnOf } from './eventTables.ts';

/** Rows of an event table have no key: they are told apart by all their cells, and counted. */
function keyOf(row: Row): string {
  return JSON.stringify(
    row.map((cell) => (cell instanceof Uint8Array ? { bytes: Buffer.from(cell).toString('base64') } : cell)),
  );
}

function countRows(rows: readonly Row[]): Map<string, { row: Row; times: number }> {
  const counts = new Map<string, { row: Row; times: number }>();
  for (const row of rows) {
    const key = keyOf(row);
    const count = counts.get(key);
    if (count === undefined) counts.set(key, { row, times: 1 });
    else count.times += 1;
  }
  return counts;
}

/** Each row as often as it is in the set that has it most often: what is in both is one and the same. */
export function union(...sets: readonly (readonly Row[])[]): Row[] {
  const all = new Map<string, { row: Row; times: number }>();
  for (const set of sets) {
    for (const [key, { row, times }] of countRows(set)) {
      const counted = all.get(key);
      if (counted === undefined || counted.times < times) all.set(key, { row, times });
    }
  }
  return [...all.values()].flatMap(({ row, times }) => new Array<Row>(times).fill(row));
}

/** What of `expected` is not in `present`, each row as often as it is missing. */
export function missingRows(expected: readonly Row[], present: readonly Row[]): Row[] {
  const presentRows = countRows(present);
  return [...countRows(expected)].flatMap(([key, { row, times }]) =>
    new Array<Row>(Math.max(0, times - (presentRows.get(key)?.times ?? 0))).fill(row),
  );
}

/**
 * Ids of the activities that subscriptions are of; start subscriptions are of none.
 * @param column its place in the rows.
 */
export function activitiesOf(rows: readonly Row[], column: number): string[] {
  const ids = rows.flatMap((row) => (isActivity(row[column]) ? [String(row[column])] : []));
  return [...new Set(ids)];
}

/** Start subscriptions, and those of activities that exist. */
export function subscriptionsOfLiving(rows: readonly Row[], column: number, living: ReadonlySet<string>): Row[] {
  return rows.filter((row) => !isActivity(row[column]) || living.has(String(row[column])));
}

const isActivity = (cell: Cell | undefined) => cell !== undefined && !isNullReference(cell);

/** Subscriptions as the journal keeps them. */
export function packSubscriptions(rows: readonly Row[]): Uint8Array {
  return Buffer.from(`[${rows.map(keyOf).join(',\n')}]`);
}

export function unpackSubscriptions(content: Uint8Array): Row[] {
  const rows = JSON.parse(Buffer.from(content).toString()) as (string | null | { bytes: string })[][];
  return rows.map((row) =>
    row.map((cell) =>
      cell !== null && typeof cell === 'object' ? new Uint8Array(Buffer.from(cell.bytes, 'base64')) : cell,
    ),
  );
}

/** What becomes of a subscription of the source. */
export type TranslatedSubscription =
  | { row: Row }
  /** Its activity is not migrated. */
  | { staysBehind: true }
  | { activity: string; why: SubscriptionFault };

/**
 * Translates a subscription of an activity. NULL means any row and stays NULL; an id that has no counterpart must never
 * become NULL, or the activity would listen to every row (trap 20).
 * @param source cells in the order of `table.columns`, then of `table.sourceOnly`.
 * @returns cells in the order of the destination's columns; columns that only the destination has are NULL: any.
 */
export function translateSubscription(
  table: EventTable,
  source: Row,
  mapOf: (target: EntityKey) => IdMap,
): TranslatedSubscription {
  const { columns, sourceOnly, destination } = table;
  const { place, target } = activityColumnOf(table);
  const activity = String(source[place]);
  if (!isActivity(source[place]) || mapOf(target).get(activity) === undefined) return { staysBehind: true };
  const filtered = sourceOnly.find((_, index) => source[columns.length + index] !== null);
  if (filtered !== undefined) {
    return { activity, why: { fault: 'column missing', filter: filtered, table: destination.name } };
  }
  const cells = new Map<string, Row[number]>();
  for (const [index, column] of columns.entries()) {
    const cell = source[index]!;
    if (column.target === null || isNullReference(cell)) {
      cells.set(column.destination, cell);
      continue;
    }
    const mapped = mapOf(column.target).get(String(cell));
    if (mapped === undefined) {
      return { activity, why: { fault: 'row not migrated', filter: column.source } };
    }
    cells.set(column.destination, mapped);
  }
  return { row: destination.columns.map((column) => cells.get(column) ?? null) };
}
