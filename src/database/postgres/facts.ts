import type { ServerFacts } from '../port.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

export async function readFacts(session: Session): Promise<ServerFacts> {
  const rows = await queryCells(
    session,
    `SELECT current_setting('server_version'), datcollate, to_char(localtimestamp, 'YYYY-MM-DD"T"HH24:MI:SS'),
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'caravel')
     FROM pg_database WHERE datname = current_database()`,
  );
  const [version, collation, now, otherSessions] = rows[0] as [string, string, string, string];
  return {
    version,
    edition: null,
    compatibilityLevel: null,
    collation,
    recoveryModel: null,
    freeLog: null,
    readsWait: false,
    otherSessions: Number(otherSessions),
    now,
  };
}
