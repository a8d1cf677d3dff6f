import type { Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { type IssueCode, type IssueFacts, issueReason } from '../plan/catalogue/issues.ts';

export interface NewIssue {
  /** Identifier of the row in the source; null for a row without one. */
  sourceId: string | null;
  /** Stable, kebab-case: `missing-reference`, `duplicate`. */
  code: IssueCode;
  /** One line without values. */
  reason: string;
  /** The constraint that the row breaks, where the database names it. */
  constraint?: string | null;
  /** The driver's words or the offending value. Stays in the journal: it may be personal data. */
  detail?: string | null;
}

/** As the journal has it; another release may have written it. */
export interface Issue extends Omit<NewIssue, 'code'> {
  id: string;
  code: string;
  entity: EntityKey;
  state: 'open' | 'resolved';
}

/** An issue with the sentence of its code. */
export function newIssue<Code extends IssueCode>(
  code: Code,
  sourceId: string | null,
  facts: IssueFacts[Code],
): NewIssue {
  return { sourceId, code, reason: issueReason(code, facts) };
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
      `insert into caravel_issue (run_id, entity, source_id, code, constraint_name, reason, detail, state)
       values (?, ?, ?, ?, ?, ?, ?, 'open')`,
      [runId, entity, issue.sourceId, issue.code, issue.constraint ?? null, issue.reason, issue.detail ?? null],
    );
  }
}

/** Issues of a run in the order they were found. */
export async function listIssues(queries: Queries, runId: string): Promise<Issue[]> {
  const rows = await queries.query(
    'select id, entity, source_id, code, constraint_name, reason, detail, state from caravel_issue where run_id = ? order by id',
    [runId],
  );
  return rows.map((row) => {
    const [id, entity, sourceId, code, constraint, reason, detail, state] = row as (string | null)[];
    return {
      id: id!,
      entity: entity!,
      sourceId: sourceId ?? null,
      code: code!,
      constraint: constraint ?? null,
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

/** The row is there; what waits is a reference of it. */
export const leftNull = 'reference-left-null' satisfies IssueCode;
/** The activity is there; what waits is a subscription of it. */
export const subscriptionSetAside = 'subscription-set-aside' satisfies IssueCode;

/**
 * Puts what a run found in the place of what it was to mend: its issues become those of the run that set the rows aside. Part
 * of the transaction that ends it.
 * @param completed the run went through all of them, so that whatever it has no issue of is mended.
 */
export async function mergeRetried(
  queries: Queries,
  { of, retry, completed }: { of: string; retry: string; completed: boolean },
): Promise<void> {
  // Two statements, so that the server can match by id at once instead of row by row.
  for (const same of [
    'n.source_id = caravel_issue.source_id',
    'n.source_id is null and caravel_issue.source_id is null',
  ]) {
    await queries.execute(
      `delete from caravel_issue where run_id = ? and state = 'open' and exists (
         select 1 from caravel_issue n where n.run_id = ? and n.entity = caravel_issue.entity and ${same})`,
      [of, retry],
    );
  }
  if (completed) {
    await queries.execute("update caravel_issue set state = 'resolved' where run_id = ? and state = 'open'", [of]);
  }
  await queries.execute('update caravel_issue set run_id = ? where run_id = ?', [of, retry]);
}

/** Rows that runs between two environments set aside and that still are, by entity: issue and source id. */
export async function openRowIssues(queries: Queries, pairId: string): Promise<Map<EntityKey, [string, string][]>> {
  const rows = await queries.query(
    `select i.entity, i.id, i.source_id from caravel_issue i join caravel_run r on r.id = i.run_id
     where r.pair_id = ? and i.state = 'open' and i.source_id is not null and i.code not in (?, ?)`,
    [pairId, leftNull, subscriptionSetAside],
  );
  const found = new Map<EntityKey, [string, string][]>();
  for (const [entity, id, sourceId] of rows as [string, string, string][]) {
    const ofEntity = found.get(entity) ?? [];
    ofEntity.push([id, sourceId]);
    found.set(entity, ofEntity);
  }
  return found;
}

/** Ids in the text of one statement. */
const issuesAtOnce = 1_000;

/** @param ids of issues whose rows are migrated by now. */
export async function resolveIssues(queries: Queries, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += issuesAtOnce) {
    const some = ids.slice(at, at + issuesAtOnce).map((id) => String(BigInt(id)));
    await queries.execute(`update caravel_issue set state = 'resolved' where id in (${some.join(', ')})`);
  }
}

/** Number of issues still open, by run. */
export async function countOpenIssues(queries: Queries, runId: string): Promise<number> {
  const rows = await queries.query("select count(*) from caravel_issue where run_id = ? and state = 'open'", [runId]);
  return Number(rows[0]![0]);
}
