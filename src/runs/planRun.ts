import { saveDecisions } from '../alignment/people/decisionStore.ts';
import type { Database } from '../database/port.ts';
import { saveGoing } from '../emptying/goingInstances.ts';
import { loadIdMap, saveMatchedMaps } from '../identity/mapStore.ts';
import { saveRetried } from '../identity/retriedIds.ts';
import { forgetDecisions } from '../journal/decisions.ts';
import { listIssues } from '../journal/issues.ts';
import { createProgress, listProgress } from '../journal/progress.ts';
import { getRun, loadPlan, loadPlanIfAny, type Run, savePlan, updateRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { Plan } from '../plan/plan.ts';
import { type PreparedMigration, prepareMigration } from '../planning/prepareMigration.ts';
import { planOfRetry, rowsToRetry, type SetAsideRows, untouched } from '../planning/retry.ts';
import { saveExclusions } from '../processes/exclusions.ts';
import type { Connections } from './connections.ts';
import type { PlanSummary } from './contract.ts';
import { earlierRuns } from './earlierRuns.ts';

/**
 * Plans a run and keeps the plan and the maps of matched entities in the journal. A run is planned once: called again
 * it gives the same plan with the progress made since.
 */
export async function planRun(connections: Connections, runId: string): Promise<PlanSummary> {
  const { journal } = connections;
  const run = await getRun(journal, runId);
  const plan = (await loadPlanIfAny(journal, runId)) ?? (await makePlan(connections, run));
  if (plan.blocking.length === 0) {
    const first = plan.events !== undefined ? 'silencing' : plan.emptied !== undefined ? 'emptying' : 'people';
    const next = run.spec.approval ? 'approval' : first;
    await updateRun(journal, runId, { status: 'running', ...(run.phase === 'planning' ? { phase: next } : {}) });
  }
  return summary(plan, new Map((await listProgress(journal, runId)).map((entity) => [entity.entity, entity])));
}

async function makePlan(connections: Connections, run: Run): Promise<Plan> {
  const { journal } = connections;
  const source = connections.source(run.source);
  const destination = connections.destination(run.destination);
  const retried = run.retryOf === null ? null : await setAsideBy(journal, run.retryOf);
  const request = { spec: run.spec, source, destination, ...(retried && { bounds: retried.bounds }) };
  const earlier = await earlierRuns(journal, request, { pairId: run.pairId, runId: run.id });
  const prepared = await prepareMigration({ ...request, earlier });
  const retry = retried && {
    setAside: retried.rows,
    rows: await rowsToRetry({
      source,
      plan: prepared.plan,
      setAside: retried.rows,
      mapOf: (entity) => loadIdMap(journal, { pairId: run.pairId, entity }, 'integer'),
    }),
  };
  const plan = retry === null ? prepared.plan : planOfRetry(prepared.plan, retry.rows);
  if (plan.blocking.length === 0) await keepPrepared(journal, run, { ...prepared, plan }, retry);
  await savePlan(journal, run.id, plan);
  return plan;
}

/** What a run is about that migrates what an earlier one set aside. */
interface Retry {
  setAside: ReadonlyMap<EntityKey, SetAsideRows>;
  /** Source ids of entities with identifiers. */
  rows: Map<EntityKey, string[]>;
}

/** Keeps what was decided beside the plan, of a plan that nothing stands in the way of. */
async function keepPrepared(
  journal: Database,
  { id, pairId }: Run,
  { plan, maps, decisions, excluded, emptied }: PreparedMigration,
  retry: Retry | null,
): Promise<void> {
  await saveMatchedMaps(journal, pairId, id, maps);
  await journal.transaction(async (transaction) => {
    await forgetDecisions(transaction, id);
    await saveDecisions(transaction, id, decisions);
    await saveExclusions(transaction, id, excluded);
    await saveGoing(transaction, id, plan.emptied ?? [], emptied);
    if (retry !== null) await saveRetried(transaction, id, retry.rows);
  });
  const idle = retry === null ? undefined : untouched(plan, retry.rows, retry.setAside);
  await createProgress(journal, id, written(plan), idle);
}

/** What a run set aside, and how far it looked. */
async function setAsideBy(journal: Database, runId: string) {
  const rows = new Map<EntityKey, SetAsideRows>();
  for (const { entity, sourceId, state } of await listIssues(journal, runId)) {
    if (state !== 'open') continue;
    const ofEntity = rows.get(entity) ?? { ids: [], withoutId: 0 };
    rows.set(entity, ofEntity);
    if (sourceId === null) ofEntity.withoutId += 1;
    else ofEntity.ids.push(sourceId);
  }
  const { entities } = await loadPlan(journal, runId);
  const bounds = new Map(entities.flatMap(({ key, bound }) => (bound === null ? [] : [[key, bound] as const])));
  return { rows, bounds };
}

const written = (plan: Plan) => plan.entities.filter((entity) => entity.role !== 'matched');

function summary(
  plan: Plan,
  progress: Map<string, { state: PlanSummary['entities'][number]['stage']; read: number }>,
): PlanSummary {
  const entities = written(plan);
  const places = new Map(entities.map((entity, index) => [entity.key, index]));
  const [first] = plan.blocking;
  return {
    executable: plan.blocking.length === 0,
    blocking: plan.blocking.length,
    eventTables: plan.events?.length ?? 0,
    emptiedTables: plan.emptied?.length ?? 0,
    firstBlocking: first ? `${first.entity ? `${first.entity}: ` : ''}${first.message}` : null,
    entities: entities.map((entity) => ({
      key: entity.key,
      espace: entity.espace,
      entity: entity.entity,
      isPeople: entity.role === 'aligned',
      rows: entity.rows,
      read: progress.get(entity.key)?.read ?? 0,
      stage: progress.get(entity.key)?.state ?? 'waiting',
      after: entity.after.flatMap((key) => places.get(key) ?? []),
    })),
  };
}
