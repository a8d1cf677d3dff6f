import { loadDecisions } from '../alignment/people/decisionStore.ts';
import type { Decisions } from '../alignment/people/decisions.ts';
import { groupTable, userTable } from '../alignment/people/peopleTables.ts';
import type { Database, Queries } from '../database/port.ts';
import { loadIdMap } from '../identity/mapStore.ts';
import { countOpenIssues, mergeRetried, openRowIssues, resolveIssues } from '../journal/issues.ts';
import { releaseLease } from '../journal/lease.ts';
import { type Counts, listProgress } from '../journal/progress.ts';
import { getRun, loadPlan, loadResult, updateRun } from '../journal/runs.ts';
import type { PeopleSummary } from '../plan/summaries.ts';
import type { AlignedCounts, RunEnd, RunResult } from './contract.ts';

/**
 * Closes a run in the journal and gives the destination back. Called again it gives the same result.
 * @returns the result document of a completed run (docs/interface.md, "Documents"), else null.
 */
export async function endRun(journal: Database, runId: string, end: RunEnd): Promise<RunResult | null> {
  const run = await getRun(journal, runId);
  if (run.finished !== null) return (await loadResult(journal, runId)) as RunResult | null;
  await resolveMigrated(journal, run.pairId);
  const outcome = end.status === 'completed' ? await outcomeOf(journal, runId, run.started) : null;
  return journal.transaction(async (transaction) => {
    // In one transaction with the end: called again, it would take what is still open for mended.
    if (run.retryOf !== null) {
      await mergeRetried(transaction, { of: run.retryOf, retry: runId, completed: outcome !== null });
    }
    await releaseLease(transaction, run.destination, runId);
    if (end.status !== 'completed') {
      const message = await withRowsWritten(transaction, runId, end.message);
      await updateRun(transaction, runId, { status: end.status, message, finished: true });
      return null;
    }
    const issues = await countOpenIssues(transaction, run.retryOf ?? runId);
    const status = issues > 0 ? 'completedWithIssues' : 'completed';
    const result: RunResult = { run: runId, status, ...outcome!, issues };
    await updateRun(transaction, runId, { status, phase: 'finished', message: null, result, finished: true });
    return result;
  });
}

async function withRowsWritten(queries: Queries, runId: string, message: string): Promise<string> {
  const done = await listProgress(queries, runId);
  const inserted = done.reduce((sum, entity) => sum + entity.inserted, 0);
  return inserted === 0 ? message : `${message}; ${inserted} rows had been written`;
}

/** Whatever a run set aside and a later one has migrated is no issue any more. */
async function resolveMigrated(journal: Database, pairId: string): Promise<void> {
  for (const [entity, issues] of await openRowIssues(journal, pairId)) {
    const map = await loadIdMap(journal, { pairId, entity }, 'integer');
    const migrated = issues.filter(([, sourceId]) => map.get(sourceId) !== undefined);
    await resolveIssues(
      journal,
      migrated.map(([id]) => id),
    );
  }
}

/** What a completed run did, but for its issues. */
async function outcomeOf(
  journal: Database,
  runId: string,
  started: number,
): Promise<Pick<RunResult, 'entities' | 'users' | 'groups' | 'seconds'>> {
  const plan = await loadPlan(journal, runId);
  const progress = new Map((await listProgress(journal, runId)).map((entity) => [entity.entity, entity]));
  const entities = plan.entities.flatMap((entity) => {
    const done = progress.get(entity.key);
    if (done === undefined) return [];
    const { verification, ...counts } = done;
    const wrong = verification === null ? 0 : verification.different + verification.missing + verification.extra;
    return [
      {
        espace: entity.espace,
        entity: entity.entity,
        key: entity.key,
        ...pickCounts(counts),
        verified: verification !== null && wrong === 0,
      },
    ];
  });
  const countsOf = async (table: string, planned: PeopleSummary['groups'] | undefined) => {
    const entity = plan.entities.find(
      ({ role, destination }) => role === 'aligned' && destination?.table.toUpperCase() === table,
    );
    const counts = entity && progress.get(entity.key);
    if (entity === undefined || counts === undefined) {
      return { matched: planned?.matched ?? 0, created: 0, updated: 0, recreated: 0 };
    }
    return alignedCounts(counts, await loadDecisions(journal, runId, entity.key));
  };
  return {
    entities,
    users: await countsOf(userTable, plan.people?.users),
    groups: await countsOf(groupTable, plan.people?.groups),
    seconds: Math.round((Date.now() - started) / 1_000),
  };
}

function alignedCounts(counts: Counts, { updated, recreated }: Decisions): AlignedCounts {
  return {
    matched: counts.reused + counts.known - updated.length,
    created: counts.inserted - recreated.length,
    updated: updated.length,
    recreated: recreated.length,
  };
}

function pickCounts({ read, inserted, known, reused, leftOut, nulled, setAside, deferred }: Counts): Counts {
  return { read, inserted, known, reused, leftOut, nulled, setAside, deferred };
}
