import type { ServerFacts } from '../port.ts';
import { integer, onlyRow, text } from '../shape.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';

const facts = { version: text, collation: text, now: text, otherSessions: integer };

export async function readFacts(session: Session): Promise<ServerFacts> {
  const rows = await queryShaped(
    session,
    `SELECT current_setting('server_version') AS version, datcollate AS collation,
       to_char(localtimestamp, 'YYYY-MM-DD"T"HH24:MI:SS') AS now,
       (SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'caravel')
       AS other_sessions
     FROM pg_database WHERE datname = current_database()`,
    facts,
  );
  const { version, collation, now, otherSessions } = onlyRow(rows);
  return {
    version,
    edition: null,
    compatibilityLevel: null,
    collation,
    recoveryModel: null,
    freeLog: null,
    readsWait: false,
    otherSessions,
    now,
  };
}
