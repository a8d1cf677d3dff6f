import type { EngineName, Queries } from '../database/port.ts';

const now: Record<EngineName, string> = {
  postgres: "select clock_timestamp() at time zone 'UTC'",
  sqlserver: 'select sysutcdatetime()',
};

/** Milliseconds since 1970 by the journal server's own clock. */
export async function journalNow(journal: Queries): Promise<number> {
  const rows = await journal.query(now[journal.engine]);
  return Date.parse(`${String(rows[0]![0]).replace(' ', 'T').slice(0, 23)}Z`);
}
