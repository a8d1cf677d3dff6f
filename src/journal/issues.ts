import type { Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

export interface NewIssue {
  /** Identifier of the row in the source; null for a row without one. */
  sourceId: string | null;
  /** Stable, kebab-case: `missing-reference`, `duplicate`. */
  code: string;
  /** One line without values. */
  reason: string;
  /** The driver's words or the offending value. Stays in the journal: it may be personal data. */
  detail?: string | null;
}

export interface Issue extends NewIssue {
  id: string;
  entity: EntityKey;
  state: 'open' | 'resolved';
}

/** Records rows set aside. Part of the transaction that closes their batch. */
export async function insertIssues(
  queries: Queries,
  runId: string,
  entity: EntityKey,
  issues: NewIssue[],
): Promise<void> {
  for (const issue of issues) {
    await queries.execute(
      `insert into caravel_issue (run_id, entity, source_id, code, reason, detail, state)
       values (?, ?, ?, ?, ?, ?, 'open')`,
      [runId, entity, issue.sourceId, issue.code, issue.reason, issue.detail ?? null],
    );
  }
}

/** Issues of a run in the order they were found. */
export async function listIssues(queries: Queries, runId: string): Promise<Issue[]> {
  const rows = await queries.query(
    'select id, entity, source_id, code, reason, detail, state from caravel_issue where run_id = ? order by id',
    [runId],
  );
  return rows.map((row) => {
    const [id, entity, sourceId, code, reason, detail, state] = row as (string | null)[];
    return {
      id: id!,
      entity: entity!,
      sourceId: sourceId ?? null,
      code: code!,
      reason: reason!,
      detail: detail ?? null,
      state: state as Issue['state'],
    };
  });
}

/** Source ids of an entity's rows that a run set aside and that still are. */
export async function openIssueIds(queries: Queries, runId: string, entity: EntityKey): Promise<string[]> {
  const rows = await queries.query(
    `select source_id from caravel_issue where run_id = ? and entity = ? and state = 'open' and source_id is not null`,
    [runId, entity],
  );
  return rows.map(([id]) => String(id));
}

/** Number of issues still open, by run. */
export async function countOpenIssues(queries: Queries, runId: string): Promise<number> {
  const rows = await queries.query("select count(*) from caravel_issue where run_id = ? and state = 'open'", [runId]);
  return Number(rows[0]![0]);
}
