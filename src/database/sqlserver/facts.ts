import { DatabaseError } from '../errors.ts';
import type { ServerFacts } from '../port.ts';
import type { SessionPool } from './session.ts';
import { queryCells } from './statements.ts';

export const factsQuestion = `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),
  compatibility_level, collation_name, recovery_model_desc, is_read_committed_snapshot_on, snapshot_isolation_state,
  CONVERT(nvarchar(19), SYSDATETIME(), 126)
FROM sys.databases WHERE name = DB_NAME()`;

/** Needs VIEW SERVER STATE (VIEW DATABASE STATE on Azure), which few logins have. */
export const freeLogQuestion =
  'SELECT total_log_size_in_bytes - used_log_space_in_bytes FROM sys.dm_db_log_space_usage';

/** Without VIEW SERVER STATE a login sees its own sessions only: then nothing is said. */
export const otherSessionsQuestion = `SELECT CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') = 1 THEN
  (SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1 AND database_id = DB_ID() AND program_name <> 'caravel') END`;

export async function readFacts(pool: SessionPool): Promise<ServerFacts> {
  const rows = await pool.use((session) => queryCells(session, factsQuestion));
  const [version, edition, level, collation, recovery, readsVersions, snapshot, now] = (rows[0] ?? []) as (
    | string
    | null
  )[];
  return {
    version: version ?? '',
    edition: edition ?? null,
    compatibilityLevel: level == null ? null : Number(level),
    collation: collation ?? null,
    recoveryModel: recovery ?? null,
    freeLog: await numberIfVisible(pool, freeLogQuestion),
    otherSessions: await numberIfVisible(pool, otherSessionsQuestion),
    now: now ?? null,
    readsWait: readsVersions !== '1' && snapshot !== '1',
  };
}

async function numberIfVisible(pool: SessionPool, question: string): Promise<number | null> {
  try {
    const rows = await pool.use((session) => queryCells(session, question));
    return rows[0]?.[0] == null ? null : Number(rows[0][0]);
  } catch (error) {
    // Only an outage matters here: most logins may not look, and not every server has the view.
    if (error instanceof DatabaseError && !error.retryable) return null;
    throw error;
  }
}
