import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { checkMigrationSpec } from '../src/config/configuration.ts';
import { copyEntity } from '../src/copying/copyEntity.ts';
import { fillDeferred } from '../src/copying/deferred.ts';
import { explainMissing } from '../src/copying/explainMissing.ts';
import { silence } from '../src/copying/silence.ts';
import { checkQueues, restoreSubscriptions, subscribe } from '../src/copying/subscribe.ts';
import { emptyDestination } from '../src/emptying/emptyDestination.ts';
import { acquireLease, type HolderState, type Lease, LeaseLostError, leaseOf } from '../src/journal/lease.ts';
import { getProgress, listProgress, saveVerification, type Verification } from '../src/journal/progress.ts';
import { createRun, getRun, loadPlan, loadPlanIfAny, type RunPhase, updateRun } from '../src/journal/runs.ts';
import type { EventTable } from '../src/plan/eventTable.ts';
import type { Plan, PlannedEntity } from '../src/plan/plan.ts';
import { printPlan } from '../src/plan/printPlan.ts';
import { approveRun } from '../src/runs/approveRun.ts';
import type { Connections } from '../src/runs/connections.ts';
import type { Activities, EntityInput, EntityReport } from '../src/runs/contract.ts';
import { endRun } from '../src/runs/endRun.ts';
import { paceOfRuns } from '../src/runs/pace.ts';
import { planRun } from '../src/runs/planRun.ts';
import { specOfRetry } from '../src/runs/retryRun.ts';
import type { VerificationReport } from '../src/verification/report.ts';
import { verifyEntity } from '../src/verification/verifyEntity.ts';
import type { CopyContext, CopyControl, CopyOutcome } from '../src/writing/context.ts';
import { typed } from './failures.ts';
import { heartbeating } from './heartbeat.ts';

/** An activity copies for this long before it returns and is called again. */
const sliceMilliseconds = 4 * 60_000;
const batchBytes = 8 * 1024 * 1024;
/** Of the plan's words that the Temporal UI shows, in characters. */
const longestDetails = 20_000;
const detailWidth = 100;

/** The activities of one worker, over the databases it holds open. */
export function createActivities(connections: Connections): Activities {
  const { journal } = connections;

  async function stateOf(run: string): Promise<HolderState> {
    try {
      const { status } = await Context.current().client.workflow.getHandle(run).describe();
      return status.name === 'RUNNING' ? 'open' : 'closed';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return 'unknown';
      throw error;
    }
  }

  /** A plan does not change once it was made, and one of 2,000 entities is 6 MB to read. */
  let latest: { run: string; plan: Plan } | null = null;
  async function planOf(run: string): Promise<Plan> {
    if (latest?.run !== run) latest = { run, plan: await loadPlan(journal, run) };
    return latest.plan;
  }

  /** @param phase that the run enters; null: it stays where it is. */
  async function contextOf(runId: string, phase: RunPhase | null): Promise<CopyContext> {
    const run = await getRun(journal, runId);
    if (phase !== null && run.phase !== phase) await updateRun(journal, runId, { phase });
    const lease: Lease = await leaseOf(journal, run.destination, runId);
    return {
      source: connections.source(run.source),
      destination: connections.destination(run.destination),
      journal,
      lease,
      pairId: run.pairId,
      runId,
      plan: await planOf(runId),
      batch: { rows: run.spec.batchRows, bytes: batchBytes },
      conflicts: run.spec.conflicts,
      rowErrors: run.spec.rowErrors,
    };
  }

  async function copy(
    { run, key, name }: EntityInput,
    phase: RunPhase,
    work: (context: CopyContext, entity: PlannedEntity, control: CopyControl) => Promise<CopyOutcome>,
  ): Promise<EntityReport> {
    return typed(async () => {
      const context = await contextOf(run, phase);
      const entity = entityOf(context, key);
      const started = Date.now();
      const { control, said } = steered(started + sliceMilliseconds);
      const pulse = () => ({
        entity: name,
        ...said,
        rowsPerSecond: Math.round((said.rows * 1_000) / Math.max(1, Date.now() - started)),
      });
      const outcome = await heartbeating(pulse, () => work(context, entity, control)).catch(async (error) => {
        throw await explainMissing(context, entity, error);
      });
      const progress = await getProgress(journal, run, key);
      return { outcome, stage: progress.state, read: progress.read };
    });
  }

  /** Does something to each event table of a run's plan, one after the other. */
  async function eachEventTable(
    run: string,
    phase: RunPhase | null,
    work: (context: CopyContext, table: EventTable, control: CopyControl) => Promise<unknown>,
  ): Promise<void> {
    const context = await contextOf(run, phase);
    const { control, said } = steered(Number.POSITIVE_INFINITY);
    let entity: string | undefined;
    const pulse = () => ({ ...(entity && { entity }), ...said });
    await heartbeating(pulse, async () => {
      for (const table of context.plan.events ?? []) {
        control.signal.throwIfAborted();
        entity = table.name;
        delete said.waiting;
        await work(context, table, control);
      }
    });
  }

  return {
    openRun: ({ run, execution, ...request }) =>
      typed(async () => {
        const { spec: checked, retryOf } =
          'retryOf' in request
            ? await specOfRetry(journal, request.retryOf)
            : { spec: checkMigrationSpec(request.spec), retryOf: null };
        connections.source(checked.source);
        connections.destination(checked.destination);
        await createRun(journal, run, execution, checked, retryOf);
        try {
          await acquireLease(journal, checked.destination, run, stateOf);
        } catch (error) {
          await updateRun(journal, run, { status: 'failed', message: (error as Error).message, finished: true });
          throw error;
        }
        return {
          concurrency: checked.concurrency,
          approval: checked.approval,
          verify: checked.verify,
          pace: paceOfRuns(),
        };
      }),

    planRun: ({ run }) =>
      typed(() =>
        heartbeating(
          () => ({}),
          () => planRun(connections, run),
        ),
      ),

    describePlan: ({ run }) => typed(async () => printPlan(await planOf(run), detailWidth).slice(0, longestDetails)),

    approveRun: ({ run, by }) =>
      typed(() =>
        heartbeating(
          () => ({}),
          () => approveRun(connections, run, by),
        ),
      ),

    setPaused: ({ run, paused }) =>
      typed(() =>
        updateRun(journal, run, { control: paused ? 'pause' : 'run', status: paused ? 'paused' : 'running' }),
      ),

    copyEntity: (input) => copy(input, input.isPeople ? 'people' : 'copying', copyEntity),

    fillReferences: (input) => copy(input, 'references', fillDeferred),

    silenceEvents: ({ run }) =>
      typed(async () => {
        // What was queued since the plan would run into what is migrated, once the applications are enabled.
        await checkQueues(await contextOf(run, 'silencing'));
        await eachEventTable(run, 'silencing', async (context, table, control) => {
          if (table.silenced) await silence(context, table, control);
        });
      }),

    emptyDestination: ({ run }) =>
      typed(async () => {
        const context = await contextOf(run, 'emptying');
        const { control, said } = steered(Date.now() + sliceMilliseconds);
        return {
          outcome: await heartbeating(
            () => said,
            () => emptyDestination(context, control),
          ),
        };
      }),

    subscribeEvents: ({ run }) =>
      typed(async () => {
        await checkQueues(await contextOf(run, 'subscribing'));
        await eachEventTable(run, 'subscribing', subscribe);
      }),

    restoreEvents: ({ run }) =>
      typed(async () => {
        if ((await loadPlanIfAny(journal, run)) === null) return;
        try {
          await eachEventTable(run, null, restoreSubscriptions);
        } catch (error) {
          // The run that has the destination now has what this one held, too.
          if (!(error instanceof LeaseLostError)) throw error;
        }
      }),

    verifyEntities: ({ run, keys }) =>
      typed(async () => {
        const context = await contextOf(run, 'verifying');
        const {
          spec: { verify: mode },
          retryOf,
        } = await getRun(journal, run);
        if (mode === 'none') return { outcome: 'done', different: 0 };
        const progress = await listProgress(journal, run);
        const done = new Map(progress.map((entity) => [entity.entity, entity.verification]));
        // Of a retry: entities of which nothing was set aside are none of its business.
        const untouched = new Set(progress.flatMap(({ entity, started }) => (started === null ? [entity] : [])));
        const deadline = Date.now() + sliceMilliseconds;
        const { cancellationSignal: signal } = Context.current();
        let different = 0;
        let rows = 0;
        let name = '';
        const pulse = () => ({ entity: name, rows });
        return heartbeating(pulse, async () => {
          for (const key of keys) {
            const entity = entityOf(context, key);
            const earlier = done.get(key);
            if (earlier) {
              if (!isSame(earlier)) different += 1;
              continue;
            }
            if (retryOf !== null && untouched.has(key)) {
              await saveVerification(journal, run, key, { same: 0, different: 0, missing: 0, extra: 0 });
              continue;
            }
            if (Date.now() > deadline) return { outcome: 'timeUp', different: 0 };
            name = `${entity.espace}.${entity.entity}`;
            const onBatch = (batch: number) => {
              rows += batch;
            };
            const report = await verifyEntity({ ...context, mode, openEnd: true }, entity, { signal, onBatch });
            const proved = ofThisRun(report);
            await saveVerification(journal, run, key, proved);
            if (!isSame(proved)) different += 1;
          }
          return { outcome: 'done', different };
        });
      }),

    endRun: ({ run, end }) => typed(() => endRun(journal, run, end)),
  };
}

/** How an activity's work is steered, and what its heartbeat says of it. */
function steered(deadline: number): { control: CopyControl; said: { rows: number; waiting?: string } } {
  const said: { rows: number; waiting?: string } = { rows: 0 };
  const control: CopyControl = {
    signal: Context.current().cancellationSignal,
    deadline,
    onBatch: (rows) => {
      said.rows += rows;
      delete said.waiting;
    },
    onWaiting: (message) => {
      said.waiting = message;
    },
  };
  return { control, said };
}

/**
 * What the run answers for. Rows that an earlier run brought may have changed in the source since, which a run that moves only what
 * is new does not mend; `caravel verify` shows them.
 */
function ofThisRun({ same, different, missing, extra, ofEarlierRuns }: VerificationReport): Verification {
  const ofOthers = Math.min(different, ofEarlierRuns);
  return { same, different: different - ofOthers, missing: missing - (ofEarlierRuns - ofOthers), extra };
}

const isSame = ({ different, missing, extra }: Verification) => different + missing + extra === 0;

function entityOf(context: CopyContext, key: string): PlannedEntity {
  return context.plan.entities.find((entity) => entity.key === key)!;
}
