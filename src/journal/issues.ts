import type { Queries } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { integer, orNull, text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
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
    const { sourceId, code, reason, constraint = null, detail = null } = issue;
    await queries.execute(
      sql`insert into caravel_issue (run_id, entity, source_id, code, constraint_name, reason, detail, state)
        values (${runId}, ${entity}, ${sourceId}, ${code}, ${constraint}, ${reason}, ${detail}, 'open')`,
    );
  }
}

/** Issues of a run in the order they were found. */
export async function listIssues(queries: Queries, runId: string): Promise<Issue[]> {
  return queries.query(
    sql`select id, entity, source_id, code, constraint_name as "constraint", reason, detail, state
      from caravel_issue where run_id = ${runId} order by id`,
    {
      id: text,
      entity: text,
      sourceId: orNull(text),
      code: text,
      constraint: orNull(text),
      reason: text,
      detail: orNull(text),
      state: word<Issue['state']>(),
    },
  );
}

/** Source ids of an entity's rows that a run set aside and that still are. */
export async function openIssueIds(queries: Queries, runId: string, entity: EntityKey): Promise<string[]> {
  const rows = await queries.query(
    sql`select source_id from caravel_issue
      where run_id = ${runId} and entity = ${entity} and state = 'open' and source_id is not null`,
    { sourceId: text },
  );
  return rows.map(({ sourceId }) => sourceId);
}

/** The row is there; what waits is a reference of it. */
export const leftNull = 'reference-left-null' satisfies IssueCode;
/** The activity is there; what waits is a subscription of it. */
export const subscriptionSetAside = 'subscription-set-aside' satisfies IssueCode;

/**
 * Puts what a run found in the place of what it was to mend: its issues become those of the run that set the rows
 * aside. Part of the transaction that ends it.
 * @param completed the run went through all of them, so that whatever it has no issue of is mended.
 */
export async function mergeRetried(
  queries: Queries,
  { of, retry, completed }: { of: string; retry: string; completed: boolean },
): Promise<void> {
  // Two statements, so that the server can match by id at once instead of row by row.
  for (const same of [
    sql`n.source_id = caravel_issue.source_id`,
    sql`n.source_id is null and caravel_issue.source_id is null`,
  ]) {
    await queries.execute(
      sql`delete from caravel_issue where run_id = ${of} and state = 'open' and exists (
        select 1 from caravel_issue n where n.run_id = ${retry} and n.entity = caravel_issue.entity and ${same})`,
    );
  }
  if (completed) {
    await queries.execute(sql`update caravel_issue set state = 'resolved' where run_id = ${of} and state = 'open'`);
  }
  await queries.execute(sql`update caravel_issue set run_id = ${of} where run_id = ${retry}`);
}

/** Rows that runs between two environments set aside and that still are, by entity: issue and source id. */
export async function openRowIssues(queries: Queries, pairId: string): Promise<Map<EntityKey, [string, string][]>> {
  const rows = await queries.query(
    sql`select i.entity, i.id, i.source_id from caravel_issue i join caravel_run r on r.id = i.run_id
      where r.pair_id = ${pairId} and i.state = 'open' and i.source_id is not null
        and i.code not in (${leftNull}, ${subscriptionSetAside})`,
    { entity: text, id: text, sourceId: text },
  );
  const found = new Map<EntityKey, [string, string][]>();
  for (const { entity, id, sourceId } of rows) {
    const ofEntity = found.get(entity) ?? [];
    ofEntity.push([id, sourceId]);
    found.set(entity, ofEntity);
  }
  return found;
}

/** Ids of one statement. */
const issuesAtOnce = 1_000;

/** @param ids of issues whose rows are migrated by now. */
export async function resolveIssues(queries: Queries, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += issuesAtOnce) {
    const some = ids.slice(at, at + issuesAtOnce).map(BigInt);
    await queries.execute(sql`update caravel_issue set state = 'resolved' where id in (${sql.list(some)})`);
  }
}

/** Number of issues still open, by run. */
export async function countOpenIssues(queries: Queries, runId: string): Promise<number> {
  const { open } = await queryOne(
    queries,
    sql`select ${sql.countOfRows} as "open" from caravel_issue where run_id = ${runId} and state = 'open'`,
    { open: integer },
  );
  return open;
}
