import type { ServerFacts } from '../port.ts';
import type { Session } from './session.ts';
import { queryCells } from './statements.ts';

export async function readFacts(session: Session): Promise<ServerFacts> {
  const rows = await queryCells(
    session,
    "SELECT current_setting('server_version'), datcollate FROM pg_database WHERE datname = current_database()",
  );
  const [version, collation] = rows[0] as [string, string];
  return {
    version,
    edition: null,
    compatibilityLevel: null,
    collation,
    recoveryModel: null,
    freeLog: null,
    readsWait: false,
  };
}
