import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

export const clockQuestion = 'SELECT CONVERT(varchar(23), SYSUTCDATETIME(), 126)';

/** Milliseconds since 1970. */
export async function serverClock(session: Session): Promise<number> {
  const rows = await queryCells(session, clockQuestion);
  return Date.parse(`${rows[0]?.[0]}Z`);
}
