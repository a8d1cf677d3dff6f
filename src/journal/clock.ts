import type { Queries } from '../database/port.ts';

/** Milliseconds since 1970 by the journal server's own clock. */
export async function journalNow(journal: Queries): Promise<number> {
  const rows = await journal.query("select current_timestamp at time zone 'UTC'");
  const text = String(rows[0]![0]).replace(' ', 'T');
  // SQL Server appends its offset to the result of AT TIME ZONE, PostgreSQL does not.
  return Date.parse(/[+-]\d\d:?\d\d$/.test(text) ? text : `${text.slice(0, 23)}Z`);
}
