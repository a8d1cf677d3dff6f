import { onPlain } from '../plainSql.ts';
import { beginReading, digestOf, positionOf, type Reading } from './reading.ts';

/** What a database held at one moment: a digest of every row of every table of the environment's schema. */
export interface Snapshot {
  tables: Map<string, TableSnapshot>;
}

export interface TableSnapshot {
  /** Digest of the whole row by primary key; of a table without one, each digest stands for itself. */
  rows: Map<string, string>;
  /** How often each digest occurs. */
  digests: Map<string, number>;
  /** Column of the primary key; null for none (or several). */
  key: string | null;
}

/** Takes a snapshot of the destination, to be compared with what is there after a migration. */
export async function snapshotDestination(url: string): Promise<Snapshot> {
  return onPlain(url, async (connection) => snapshotOf(await beginReading(connection)));
}

/** The same of an environment that is being read. */
export async function snapshotOf({ tables, rowsOf }: Reading): Promise<Snapshot> {
  const snapshots = new Map<string, TableSnapshot>();
  for (const table of tables.values()) {
    const snapshot: TableSnapshot = { rows: new Map(), digests: new Map(), key: table.key };
    const key = table.key === null ? null : positionOf(table, table.key);
    for (const row of await rowsOf(table.name)) {
      const digest = digestOf(row);
      if (key !== null) snapshot.rows.set(row[key]!, digest);
      snapshot.digests.set(digest, (snapshot.digests.get(digest) ?? 0) + 1);
    }
    snapshots.set(table.name, snapshot);
  }
  return { tables: snapshots };
}

/** Says how one table's rows differ from those of before. `mayGrow`: further rows are no difference. */
export function changesOf(before: TableSnapshot, now: TableSnapshot, mayGrow: boolean): string[] {
  const changes: string[] = [];
  if (before.key !== null) {
    const lost: string[] = [];
    const altered: string[] = [];
    for (const [id, digest] of before.rows) {
      const current = now.rows.get(id);
      if (current === undefined) lost.push(id);
      else if (current !== digest) altered.push(id);
    }
    if (lost.length > 0) changes.push(`${lost.length} rows that were there before are gone (${sample(lost)})`);
    if (altered.length > 0) changes.push(`${altered.length} rows that were there before changed (${sample(altered)})`);
    const added = now.rows.size - (before.rows.size - lost.length);
    if (!mayGrow && added > 0) changes.push(`${added} rows were added`);
    return changes;
  }
  let lost = 0;
  let added = 0;
  for (const digest of new Set([...before.digests.keys(), ...now.digests.keys()])) {
    const difference = (now.digests.get(digest) ?? 0) - (before.digests.get(digest) ?? 0);
    if (difference < 0) lost -= difference;
    else added += difference;
  }
  if (lost > 0) changes.push(`${lost} rows that were there before are gone or changed`);
  if (!mayGrow && added > 0) changes.push(`${added} rows were added`);
  return changes;
}

/** The first few of many, for a message. */
export const sample = (items: readonly string[]): string =>
  items.slice(0, 5).join(', ') + (items.length > 5 ? ', …' : '');
