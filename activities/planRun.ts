import { saveDecisions } from '../src/alignment/people/decisionStore.ts';
import type { Database } from '../src/database/port.ts';
import { loadIdMap, saveMatchedMaps } from '../src/identity/mapStore.ts';
import { forgetDecisions } from '../src/journal/decisions.ts';
import { createProgress, listProgress } from '../src/journal/progress.ts';
import { getRun, loadPlanIfAny, savePlan, updateRun } from '../src/journal/runs.ts';
import type { Plan } from '../src/planning/plan.ts';
import { type PreparedMigration, prepareMigration, withFindings } from '../src/planning/prepareMigration.ts';
import type { PlanRequest } from '../src/planning/request.ts';
import { saveExclusions } from '../src/processes/exclusions.ts';
import { findVanishedRows } from '../src/verification/vanishedRows.ts';
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
    const prepared = await prepareWithJournal({ spec: run.spec, source, destination }, journal, run.pairId);
    plan = prepared.plan;
    if (plan.blocking.length === 0) {
      await saveMatchedMaps(journal, run.pairId, runId, prepared.maps);
      await journal.transaction(async (transaction) => {
        await forgetDecisions(transaction, runId);
        await saveDecisions(transaction, runId, prepared.decisions);
        await saveExclusions(transaction, runId, prepared.excluded);
      });
      await createProgress(journal, runId, written(plan));
    }
    await savePlan(journal, runId, plan);
  }
  if (plan.blocking.length === 0) {
    const next = run.spec.approval ? 'approval' : plan.events === undefined ? 'people' : 'silencing';
    await updateRun(journal, runId, { status: 'running', ...(run.phase === 'planning' ? { phase: next } : {}) });
  }
  return summary(plan, new Map((await listProgress(journal, runId)).map((entity) => [entity.entity, entity])));
}

/**
 * Plans with what the journal knows of earlier runs between the two environments.
 * @throws PlanningError, DatabaseError
 */
export async function prepareWithJournal(
  request: PlanRequest,
  journal: Database,
  pairId: string,
): Promise<PreparedMigration> {
  const prepared = await prepareMigration({
    ...request,
    known: async (entity) => {
      const map = await loadIdMap(journal, pairId, entity, 'integer');
      return map.size > 0 ? map : null;
    },
  });
  const vanished = await findVanishedRows({ destination: request.destination, journal, pairId }, prepared.plan);
  return { ...prepared, plan: withFindings(prepared.plan, { blocking: vanished, warnings: [] }) };
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
