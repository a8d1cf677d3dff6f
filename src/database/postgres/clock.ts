import { integer } from '../shape.ts';
import type { Session } from './session.ts';
import { queryCell } from './statements.ts';

/** Milliseconds since 1970. */
export async function serverClock(session: Session): Promise<number> {
  return integer(await queryCell(session, 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint'));
}
