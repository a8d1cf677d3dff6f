import { orNull, text, truth } from '../shape.ts';
import type { Session } from './session.ts';
import { queryShaped } from './statements.ts';

const lockTimeoutMs = 60_000;

/**
 * Every option that what follows depends on, on each new connection, after each use that altered one, and to try one
 * that rested: nothing is taken over from the server's defaults. English, because names of constraints are only in
 * messages. A deadlock costs the migration a repetition; it would cost the application's user an error.
 */
export function settings(isolation: string): string {
  return `SET LANGUAGE us_english;
SET DATEFORMAT ymd;
SET XACT_ABORT ON;
SET NOCOUNT ON;
SET QUOTED_IDENTIFIER ON;
SET ANSI_NULLS ON;
SET ANSI_PADDING ON;
SET ANSI_WARNINGS ON;
SET ARITHABORT ON;
SET CONCAT_NULL_YIELDS_NULL ON;
SET NUMERIC_ROUNDABORT OFF;
SET IMPLICIT_TRANSACTIONS OFF;
SET TEXTSIZE 2147483647;
SET LOCK_TIMEOUT ${lockTimeoutMs};
SET DEADLOCK_PRIORITY LOW;
SET TRANSACTION ISOLATION LEVEL ${isolation};`;
}

export const isolationQuestion =
  'SELECT is_read_committed_snapshot_on, snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()';

/**
 * Committed rows only, and without blocking those who write where the database allows it: by READ COMMITTED itself
 * where that reads versions, by SNAPSHOT where only that is allowed. Never NOLOCK: it can give a row twice or not at
 * all.
 */
export async function readIsolation(session: Session): Promise<string> {
  const shape = { isReadCommittedSnapshotOn: orNull(truth), snapshotIsolationState: orNull(text) };
  const [row] = await queryShaped(session, isolationQuestion, shape);
  const isSnapshot = row?.isReadCommittedSnapshotOn !== true && row?.snapshotIsolationState === '1';
  return isSnapshot ? 'SNAPSHOT' : 'READ COMMITTED';
}
