import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  ContinueAsNew,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { MigrationSpecInput } from '../src/config/migrationSpec.ts';
import type { Activities, PlanSummary, RunEnd, RunRequest, RunResult, RunSettings } from '../src/runs/contract.ts';
import { bookkeeping, moving, planning } from './activityOptions.ts';
import { approve, pause, progress, resume } from './messages.ts';
import { RunStory } from './progress.ts';
import { migrateInWindow } from './window.ts';

const { openRun, describePlan, setPaused, endRun } = proxyActivities<Activities>(bookkeeping);

/** What a run carries over when it continues as new; everything else is in the journal. */
export interface CarriedOver {
  /** It is past its plan, and past its approval where that was asked for. */
  begun: boolean;
  paused: boolean;
  approved: boolean;
  /** Who approved, as the signal says. */
  approvedBy: string | null;
}

/**
 * Moves the data of the scope from the source to the destination: plan, silence the events, empty what is to be emptied, align the people, copy in the order of
 * the references, fill what was deferred, give the subscriptions back, verify. The run's id is the workflow's id. Whatever dies on the way, the
 * journal knows what is done; when the run ends, by success, failure or cancellation, the destination has its own event subscriptions again,
 * is given back, and the journal says how it ended.
 */
export async function migrateApplication(spec: MigrationSpecInput, carried?: CarriedOver): Promise<RunResult> {
  return conductRun({ spec }, carried, (steering) => continueAsNew<typeof migrateApplication>(spec, steering));
}

/**
 * Migrates what an earlier run set aside, after its cause was mended: the same walk, over those rows alone.
 * @param of id of that run.
 */
export async function retryIssues(of: string, carried?: CarriedOver): Promise<RunResult> {
  return conductRun({ retryOf: of }, carried, (steering) => continueAsNew<typeof retryIssues>(of, steering));
}

/** Starts over with an empty history. */
type Again = (steering: CarriedOver) => Promise<never>;

async function conductRun(request: RunRequest, carried: CarriedOver | undefined, again: Again): Promise<RunResult> {
  const run = workflowInfo().workflowId;
  const steering: CarriedOver = carried ?? { begun: false, paused: false, approved: false, approvedBy: null };
  const story = new RunStory(run);
  setHandler(progress, () => story.progress);
  setHandler(approve, (by) => {
    steering.approvedBy ??= typeof by === 'string' ? by.slice(0, 200) : null;
    steering.approved = true;
  });
  const steer = (paused: boolean) => () => {
    steering.paused = paused;
    story.paused(paused);
  };
  setHandler(pause, steer(true));
  setHandler(resume, steer(false));

  let settings: RunSettings;
  try {
    settings = await openRun({ run, execution: workflowInfo().firstExecutionRunId, ...request });
  } catch (error) {
    throw isCancellation(error) ? error : reasonOf(error);
  }
  const end = (how: RunEnd) => CancellationScope.nonCancellable(() => endRun({ run, end: how }));
  try {
    const result = await conduct(run, settings, steering, story, end, again);
    story.enter('finished');
    return result;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const reason = isCancellation(error) ? null : reasonOf(error);
    if (reason?.type === 'PlanBlocked') throw reason;
    const trouble = await CancellationScope.nonCancellable(() => giveSubscriptionsBack(run, settings));
    if (reason === null) {
      await end({ status: 'cancelled', message: `cancelled by the operator${trouble}` });
      throw error;
    }
    const message = `${reason.message}${trouble}`;
    await end({ status: 'failed', message });
    throw ApplicationFailure.nonRetryable(message, reason.type, ...(reason.details ?? []));
  }
}

/** After a run that did not finish. @returns what to add to the reason why, where even that could not be done. */
async function giveSubscriptionsBack(run: string, settings: RunSettings): Promise<string> {
  try {
    await eventActivities(settings, 'give the event subscriptions back').restoreEvents({ run });
    return '';
  } catch (error) {
    return `; and the event subscriptions of the destination are not back: ${reasonOf(error).message}; mend it and call 'caravel restore ${run}'`;
  }
}

const eventActivities = (settings: RunSettings, summary: string) =>
  proxyActivities<Activities>(moving(settings.pace, summary, '1 hour'));

async function conduct(
  run: string,
  settings: RunSettings,
  steering: CarriedOver,
  story: RunStory,
  end: (how: RunEnd) => Promise<RunResult | null>,
  again: Again,
): Promise<RunResult> {
  const { planRun, approveRun } = proxyActivities<Activities>(planning(settings.pace));
  const plan = await planRun({ run });
  story.planned(plan);
  if (!plan.executable) {
    const others = plan.blocking > 1 ? ` (and ${plan.blocking - 1} more; 'caravel plan' lists them)` : '';
    const message = `the plan is blocked: ${plan.firstBlocking}${others}`;
    await end({ status: 'blocked', message });
    throw ApplicationFailure.nonRetryable(message, 'PlanBlocked');
  }
  if (settings.approval && !steering.begun) {
    story.awaitApproval(await describePlan({ run }));
    await condition(() => steering.approved);
    await approveRun({ run, by: steering.approvedBy ?? 'a signal without a name' });
  }
  steering.begun = true;
  await steered(run, steering, async () => {
    if (plan.eventTables > 0) {
      story.enter('silencing');
      await eventActivities(settings, 'silence the events').silenceEvents({ run });
    }
    if (plan.emptiedTables > 0) {
      story.enter('emptying');
      await empty(run, settings, steering);
    }
    if (plan.entities.some(({ isPeople }) => isPeople)) {
      story.enter('people');
      await walk(run, settings, steering, story, plan, again, 'people');
    }
    story.enter('copying');
    await walk(run, settings, steering, story, plan, again, 'copying');
    story.enter('references');
    await walk(run, settings, steering, story, plan, again, 'references');
    if (plan.eventTables > 0) {
      story.enter('subscribing');
      await eventActivities(settings, 'give the event subscriptions back').subscribeEvents({ run });
    }
  });
  if (settings.verify !== 'none') {
    story.enter('verifying');
    await verify(run, settings, plan);
  }
  // `endRun` gives a result whenever the run completed.
  return (await end({ status: 'completed' })) as RunResult;
}

/** Deletes what the plan says; what was deleted by this run is not deleted again when it continues as new. */
async function empty(run: string, settings: RunSettings, steering: CarriedOver): Promise<void> {
  const { emptyDestination } = proxyActivities<Activities>(moving(settings.pace, 'empty the destination'));
  for (;;) {
    const { outcome } = await emptyDestination({ run });
    if (outcome === 'done') return;
    if (outcome === 'paused') await condition(() => !steering.paused);
  }
}

/** Keeps the journal's pause flag, which every batch reads, in step with the operator's signals while `work` goes on. */
async function steered(run: string, steering: CarriedOver, work: () => Promise<void>): Promise<void> {
  const scope = new CancellationScope();
  const following = scope.run(async () => {
    let told = false;
    for (;;) {
      await condition(() => steering.paused !== told);
      told = steering.paused;
      await setPaused({ run, paused: told });
    }
  });
  following.catch(() => undefined);
  try {
    await work();
  } finally {
    scope.cancel();
  }
}

async function walk(
  run: string,
  settings: RunSettings,
  steering: CarriedOver,
  story: RunStory,
  plan: PlanSummary,
  again: Again,
  phase: 'people' | 'copying' | 'references',
): Promise<void> {
  const step = phase === 'references' ? 'references' : 'copy';
  const ended = await migrateInWindow({
    run,
    step,
    entities: plan.entities,
    takesPart: ({ isPeople }) => phase === 'references' || isPeople === (phase === 'people'),
    width: settings.concurrency,
    pace: settings.pace,
    paused: () => steering.paused,
    full: () => workflowInfo().continueAsNewSuggested,
    onReport: (index, report) => story.report(index, report.read, report.stage),
    onStart: (index) =>
      story.report(index, story.progress.entities[index]!.read, step === 'copy' ? 'copying' : 'filling'),
  });
  // Nothing is running now, so nothing is lost by starting over with an empty history.
  if (ended === 'full') await again({ ...steering });
}

/** Every entity, in as many lanes as entities may be copied at the same time. */
async function verify(run: string, settings: RunSettings, plan: PlanSummary): Promise<void> {
  const { verifyEntities } = proxyActivities<Activities>(moving(settings.pace, 'verify entities'));
  const lanes: string[][] = Array.from({ length: Math.min(settings.concurrency, plan.entities.length) }, () => []);
  for (const [index, { key }] of plan.entities.entries()) lanes[index % lanes.length]!.push(key);
  const different = await Promise.all(
    lanes.map(async (keys) => {
      for (;;) {
        const report = await verifyEntities({ run, keys });
        if (report.outcome === 'done') return report.different;
      }
    }),
  );
  const total = different.reduce((sum, count) => sum + count, 0);
  if (total > 0) {
    throw ApplicationFailure.nonRetryable(
      `the proof failed: ${total} ${total === 1 ? 'entity differs' : 'entities differ'} from the source; 'caravel verify ${run}' shows where`,
      'VerificationFailed',
    );
  }
}

/** The innermost failure, so that the workflow fails in the words of whoever found the cause. */
function reasonOf(error: unknown): ApplicationFailure {
  let at = error;
  while ((at instanceof ActivityFailure || at instanceof ChildWorkflowFailure) && at.cause) at = at.cause;
  if (at instanceof ApplicationFailure)
    return ApplicationFailure.nonRetryable(at.message, at.type, ...(at.details ?? []));
  return ApplicationFailure.nonRetryable(at instanceof Error ? at.message : String(at), 'Unexpected');
}
