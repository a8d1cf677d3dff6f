import { DatabaseError } from '../errors.ts';
import type { ServerFacts } from '../port.ts';
import { integer, orNull, text, truth } from '../shape.ts';
import type { SessionPool } from './session.ts';
import { queryCells, queryShaped } from './statements.ts';

export const factsQuestion = `SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS [version],
  CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS [edition], compatibility_level, collation_name AS [collation],
  recovery_model_desc AS [recovery_model], is_read_committed_snapshot_on, snapshot_isolation_state,
  CONVERT(nvarchar(19), SYSDATETIME(), 126) AS [now]
FROM sys.databases WHERE name = DB_NAME()`;

const facts = {
  version: orNull(text),
  edition: orNull(text),
  compatibilityLevel: orNull(integer),
  collation: orNull(text),
  recoveryModel: orNull(text),
  isReadCommittedSnapshotOn: orNull(truth),
  snapshotIsolationState: orNull(text),
  now: orNull(text),
};

/** Needs VIEW SERVER STATE (VIEW DATABASE STATE on Azure), which few logins have. */
export const freeLogQuestion =
  'SELECT total_log_size_in_bytes - used_log_space_in_bytes FROM sys.dm_db_log_space_usage';

/** Without VIEW SERVER STATE a login sees its own sessions only: then nothing is said. */
export const otherSessionsQuestion = `SELECT CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') = 1 THEN
  (SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1 AND database_id = DB_ID() AND program_name <> 'caravel') END`;

export async function readFacts(pool: SessionPool): Promise<ServerFacts> {
  const [row] = await pool.use((session) => queryShaped(session, factsQuestion, facts));
  return {
    version: row?.version ?? '',
    edition: row?.edition ?? null,
    compatibilityLevel: row?.compatibilityLevel ?? null,
    collation: row?.collation ?? null,
    recoveryModel: row?.recoveryModel ?? null,
    freeLog: await numberIfVisible(pool, freeLogQuestion),
    otherSessions: await numberIfVisible(pool, otherSessionsQuestion),
    now: row?.now ?? null,
    readsWait: row?.isReadCommittedSnapshotOn !== true && row?.snapshotIsolationState !== '1',
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
