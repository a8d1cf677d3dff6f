import type pg from 'pg';
import { openTextConnection, quotedName, textRows } from './connection.ts';

/** What a database held at one moment: a digest of every row of every table of schema public. */
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
  const client = await openTextConnection(url);
  try {
    return await snapshotOf(client);
  } finally {
    await client.end();
  }
}

/** The same over an open connection. */
export async function snapshotOf(client: pg.Client): Promise<Snapshot> {
  const tables = new Map<string, TableSnapshot>();
  for (const [name, key] of await tablesWithKeys(client)) {
    const keyExpression = key === null ? 'NULL' : `${quotedName(key)}::text`;
    const rows = await textRows(client, `SELECT ${keyExpression}, md5(row_::text) FROM ${quotedName(name)} row_`);
    const snapshot: TableSnapshot = { rows: new Map(), digests: new Map(), key };
    for (const [id, digest] of rows) {
      if (id != null) snapshot.rows.set(id, digest!);
      snapshot.digests.set(digest!, (snapshot.digests.get(digest!) ?? 0) + 1);
    }
    tables.set(name, snapshot);
  }
  return { tables };
}

async function tablesWithKeys(client: pg.Client): Promise<Map<string, string | null>> {
  const rows = await textRows(
    client,
    `SELECT tables.relname,
            CASE WHEN array_length(keys.conkey, 1) = 1
                 THEN (SELECT attname FROM pg_attribute WHERE attrelid = tables.oid AND attnum = keys.conkey[1]) END
     FROM pg_class tables
     LEFT JOIN pg_constraint keys ON keys.conrelid = tables.oid AND keys.contype = 'p'
     WHERE tables.relnamespace = 'public'::regnamespace AND tables.relkind = 'r'
     ORDER BY 1`,
  );
  return new Map(rows.map(([name, key]) => [name!, key ?? null]));
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
