import { text } from '../shape.ts';
import type { Session } from './session.ts';
import { queryCell } from './statements.ts';

export const clockQuestion = 'SELECT CONVERT(varchar(23), SYSUTCDATETIME(), 126)';

/** Milliseconds since 1970. */
export async function serverClock(session: Session): Promise<number> {
  return Date.parse(`${text(await queryCell(session, clockQuestion))}Z`);
}
