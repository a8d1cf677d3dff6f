import { saveDecisions } from '../alignment/people/decisionStore.ts';
import type { Database } from '../database/port.ts';
import { saveGoing } from '../emptying/goingInstances.ts';
import { loadIdMap, saveMatchedMaps } from '../identity/mapStore.ts';
import { saveRetried } from '../identity/retriedIds.ts';
import { forgetDecisions } from '../journal/decisions.ts';
import { halfCleared } from '../journal/emptying.ts';
import { listIssues } from '../journal/issues.ts';
import { leaseHolder } from '../journal/lease.ts';
import { createProgress, listProgress } from '../journal/progress.ts';
import { getRun, loadPlan, loadPlanIfAny, type Run, savePlan, updateRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { Findings } from '../plan/findings.ts';
import { nameOf, type Plan } from '../plan/plan.ts';
import { type PreparedMigration, prepareMigration } from '../planning/prepareMigration.ts';
import type { PlanRequest } from '../planning/questions/request.ts';
import { planOfRetry, rowsToRetry, type SetAsideRows, untouched } from '../planning/retry.ts';
import { saveExclusions } from '../processes/exclusions.ts';
import { findVanishedRows } from '../verification/vanishedRows.ts';
import type { Connections } from './connections.ts';
import type { PlanSummary } from './contract.ts';

/**
 * Plans a run and keeps the plan and the maps of matched entities in the journal. A run is planned once: called again
 * it gives the same plan with the progress made since.
 */
export async function planRun(connections: Connections, runId: string): Promise<PlanSummary> {
  const { journal } = connections;
  const run = await getRun(journal, runId);
  let plan = await loadPlanIfAny(journal, runId);
  if (plan === null) {
    const source = connections.source(run.source);
    const destination = connections.destination(run.destination);
    const retried = run.retryOf === null ? null : await setAsideBy(journal, run.retryOf);
    const request = { spec: run.spec, source, destination, ...(retried && { bounds: retried.bounds }) };
    const prepared = await prepareWithJournal(request, journal, { pairId: run.pairId, runId });
    plan = prepared.plan;
    const rows = retried && (await rowsToRetry({ source, plan, setAside: retried.rows, mapOf: mapOf(journal, run) }));
    if (rows !== null) plan = planOfRetry(plan, rows);
    if (plan.blocking.length === 0) {
      await saveMatchedMaps(journal, run.pairId, runId, prepared.maps);
      await journal.transaction(async (transaction) => {
        await forgetDecisions(transaction, runId);
        await saveDecisions(transaction, runId, prepared.decisions);
        await saveExclusions(transaction, runId, prepared.excluded);
        await saveGoing(transaction, runId, plan!.emptied ?? [], prepared.emptied);
        if (rows !== null) await saveRetried(transaction, runId, rows);
      });
      const idle = retried === null ? undefined : untouched(plan, rows!, retried.rows);
      await createProgress(journal, runId, written(plan), idle);
    }
    await savePlan(journal, runId, plan);
  }
  if (plan.blocking.length === 0) {
    const first = plan.events !== undefined ? 'silencing' : plan.emptied !== undefined ? 'emptying' : 'people';
    const next = run.spec.approval ? 'approval' : first;
    await updateRun(journal, runId, { status: 'running', ...(run.phase === 'planning' ? { phase: next } : {}) });
  }
  return summary(plan, new Map((await listProgress(journal, runId)).map((entity) => [entity.entity, entity])));
}

/**
 * Plans with what the journal knows: of earlier runs between the two environments, and of one that has the destination now.
 * @param known the pair's id, null where no run has ever joined the two; the run that is planned, null for none.
 * @throws PlanningError, DatabaseError
 */
export async function prepareWithJournal(
  request: PlanRequest,
  journal: Database,
  known: { pairId: string | null; runId: string | null },
): Promise<PreparedMigration> {
  const { pairId } = known;
  const busy = await otherRun(journal, request.spec.destination, known.runId);
  if (pairId === null) {
    const prepared = await prepareMigration(request);
    return { ...prepared, plan: withFindings(prepared.plan, busy) };
  }
  const prepared = await prepareMigration({
    ...request,
    known: async (entity) => {
      const map = await loadIdMap(journal, { pairId, entity }, 'integer');
      return map.size > 0 ? map : null;
    },
  });
  const vanished = await findVanishedRows({ destination: request.destination, journal, pairId }, prepared.plan);
  const cleared = await halfClearedTables(journal, prepared.plan);
  return { ...prepared, plan: withFindings(prepared.plan, vanished, cleared, busy) };
}

/** The plan with what the journal adds to it. */
function withFindings(plan: Plan, ...found: Findings[]): Plan {
  const { blocking, warnings } = new Findings().merge(plan, ...found);
  return { ...plan, blocking, warnings };
}

/** What a run began to empty and did not: references of rows that are still there may be NULL by now. */
async function halfClearedTables(journal: Database, { destination, entities, emptied = [] }: Plan): Promise<Findings> {
  const findings = new Findings();
  const again = new Set(emptied.map(({ table }) => table.name));
  for (const { table, runId } of await halfCleared(journal, destination)) {
    const entity = entities.find((one) => one.destination?.table === table);
    if (again.has(table) || entity === undefined) continue;
    findings.add('emptying-unfinished', { entity: nameOf(entity), run: runId, table, there: destination });
  }
  return findings;
}

/** Only one run writes to a destination at a time. Whether one that has it still goes on, its workflow tells when the next one starts. */
async function otherRun(journal: Database, destination: string, runId: string | null): Promise<Findings> {
  const findings = new Findings();
  const holder = await leaseHolder(journal, destination);
  if (holder !== null && holder !== runId) findings.add('destination-busy', { run: holder, there: destination });
  return findings;
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

const mapOf = (journal: Database, { pairId }: Run) => {
  return (entity: EntityKey) => loadIdMap(journal, { pairId, entity }, 'integer');
};

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
