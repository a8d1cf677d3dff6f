import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

/** Milliseconds since 1970. */
export async function serverClock(session: Session): Promise<number> {
  const rows = await queryCells(session, 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint');
  return Number(rows[0]?.[0]);
}
