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

// The workflows

/**
 * Moves the data of the scope from the source to the destination: plan, silence the events, empty what is to be
 * emptied, align the people, copy in the order of the references, fill what was deferred, give the subscriptions back,
 * verify. The run's id is the workflow's id. Whatever dies on the way, the journal knows what is done; when the run
 * ends, by success, failure or cancellation, the destination has its own event subscriptions again, is given back, and
 * the journal says how it ended.
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

// The run

/** Starts over with an empty history. */
type Again = (steering: CarriedOver) => Promise<never>;

async function conductRun(request: RunRequest, carried: CarriedOver | undefined, again: Again): Promise<RunResult> {
  const run = workflowInfo().workflowId;
  const steering: CarriedOver = carried ?? { begun: false, paused: false, approved: false, approvedBy: null };
  const story = new RunStory(run);
  handleSignals(steering, story);
  let settings: RunSettings;
  try {
    settings = await openRun({ run, execution: workflowInfo().firstExecutionRunId, ...request });
  } catch (error) {
    throw isCancellation(error) ? error : reasonOf(error);
  }
  return new RunConductor({ run, settings, steering, story, again }).conduct();
}

function handleSignals(steering: CarriedOver, story: RunStory): void {
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
}

/** What a conductor is given. */
interface Conducted {
  run: string;
  settings: RunSettings;
  steering: CarriedOver;
  story: RunStory;
  again: Again;
}

/** Leads one run through its phases, and to its end. */
class RunConductor {
  readonly #run: string;
  readonly #settings: RunSettings;
  readonly #steering: CarriedOver;
  readonly #story: RunStory;
  readonly #again: Again;

  constructor({ run, settings, steering, story, again }: Conducted) {
    this.#run = run;
    this.#settings = settings;
    this.#steering = steering;
    this.#story = story;
    this.#again = again;
  }

  async conduct(): Promise<RunResult> {
    try {
      const result = await this.#walk();
      this.#story.enter('finished');
      return result;
    } catch (error) {
      if (error instanceof ContinueAsNew) throw error;
      const reason = isCancellation(error) ? null : reasonOf(error);
      if (reason?.type === 'PlanBlocked') throw reason;
      const trouble = await CancellationScope.nonCancellable(() => this.#giveSubscriptionsBack());
      if (reason === null) {
        await this.#end({ status: 'cancelled', message: `cancelled by the operator${trouble}` });
        throw error;
      }
      const message = `${reason.message}${trouble}`;
      await this.#end({ status: 'failed', message });
      throw ApplicationFailure.nonRetryable(message, reason.type, ...(reason.details ?? []));
    }
  }

  async #walk(): Promise<RunResult> {
    const plan = await this.#plan();
    await this.#awaitApproval();
    await this.#steered(() => this.#move(plan));
    if (this.#settings.verify !== 'none') {
      this.#story.enter('verifying');
      await this.#verify(plan);
    }
    // `endRun` gives a result whenever the run completed.
    return (await this.#end({ status: 'completed' })) as RunResult;
  }

  async #plan(): Promise<PlanSummary> {
    const plan = await this.#planning().planRun({ run: this.#run });
    this.#story.planned(plan);
    if (plan.executable) return plan;
    const others = plan.blocking > 1 ? ` (and ${plan.blocking - 1} more; 'caravel plan' lists them)` : '';
    const message = `the plan is blocked: ${plan.firstBlocking}${others}`;
    await this.#end({ status: 'blocked', message });
    throw ApplicationFailure.nonRetryable(message, 'PlanBlocked');
  }

  async #awaitApproval(): Promise<void> {
    const { approveRun } = this.#planning();
    if (this.#settings.approval && !this.#steering.begun) {
      this.#story.awaitApproval(await describePlan({ run: this.#run }));
      await condition(() => this.#steering.approved);
      await approveRun({ run: this.#run, by: this.#steering.approvedBy ?? 'a signal without a name' });
    }
    this.#steering.begun = true;
  }

  async #move(plan: PlanSummary): Promise<void> {
    const [run, story] = [this.#run, this.#story];
    if (plan.eventTables > 0) {
      story.enter('silencing');
      await this.#events('silence the events').silenceEvents({ run });
    }
    if (plan.emptiedTables > 0) {
      story.enter('emptying');
      await this.#empty();
    }
    if (plan.entities.some(({ isPeople }) => isPeople)) await this.#walkEntities(plan, 'people');
    await this.#walkEntities(plan, 'copying');
    await this.#walkEntities(plan, 'references');
    if (plan.eventTables > 0) {
      story.enter('subscribing');
      await this.#events('give the event subscriptions back').subscribeEvents({ run });
    }
  }

  /** Deletes what the plan says; what was deleted by this run is not deleted again when it continues as new. */
  async #empty(): Promise<void> {
    const { emptyDestination } = proxyActivities<Activities>(moving(this.#settings.pace, 'empty the destination'));
    for (;;) {
      const { outcome } = await emptyDestination({ run: this.#run });
      if (outcome === 'done') return;
      if (outcome === 'paused') await condition(() => !this.#steering.paused);
    }
  }

  async #walkEntities(plan: PlanSummary, phase: 'people' | 'copying' | 'references'): Promise<void> {
    const story = this.#story;
    story.enter(phase);
    const step = phase === 'references' ? 'references' : 'copy';
    const ended = await migrateInWindow({
      run: this.#run,
      step,
      entities: plan.entities,
      takesPart: ({ isPeople }) => phase === 'references' || isPeople === (phase === 'people'),
      width: this.#settings.concurrency,
      pace: this.#settings.pace,
      paused: () => this.#steering.paused,
      full: () => workflowInfo().continueAsNewSuggested,
      onReport: (index, report) => story.report(index, report.read, report.stage),
      onStart: (index) => story.started(index, step === 'copy' ? 'copying' : 'filling'),
    });
    // Nothing is running now, so nothing is lost by starting over with an empty history.
    if (ended === 'full') await this.#again({ ...this.#steering });
  }

  /** Every entity, in as many lanes as entities may be copied at the same time. */
  async #verify({ entities }: PlanSummary): Promise<void> {
    const { verifyEntities } = proxyActivities<Activities>(moving(this.#settings.pace, 'verify entities'));
    const width = Math.min(this.#settings.concurrency, entities.length);
    const lanes = Array.from({ length: width }, (_, lane) =>
      entities.filter((_entity, index) => index % width === lane).map(({ key }) => key),
    );
    const different = await Promise.all(
      lanes.map(async (keys) => {
        for (;;) {
          const report = await verifyEntities({ run: this.#run, keys });
          if (report.outcome === 'done') return report.different;
        }
      }),
    );
    const total = different.reduce((sum, count) => sum + count, 0);
    if (total === 0) return;
    throw ApplicationFailure.nonRetryable(
      `the proof failed: ${total} ${total === 1 ? 'entity differs' : 'entities differ'} from the source; 'caravel verify ${this.#run}' shows where`,
      'VerificationFailed',
    );
  }

  /**
   * Keeps the journal's pause flag, which every batch reads, in step with the operator's signals while `work` goes on.
   */
  async #steered(work: () => Promise<void>): Promise<void> {
    const scope = new CancellationScope();
    const following = scope.run(async () => {
      let told = false;
      for (;;) {
        await condition(() => this.#steering.paused !== told);
        told = this.#steering.paused;
        await setPaused({ run: this.#run, paused: told });
      }
    });
    following.catch(() => undefined);
    try {
      await work();
    } finally {
      scope.cancel();
    }
  }

  /** After a run that did not finish. @returns what to add to the reason why, where even that could not be done. */
  async #giveSubscriptionsBack(): Promise<string> {
    try {
      await this.#events('give the event subscriptions back').restoreEvents({ run: this.#run });
      return '';
    } catch (error) {
      return `; and the event subscriptions of the destination are not back: ${reasonOf(error).message}; mend it and call 'caravel restore ${this.#run}'`;
    }
  }

  #end(how: RunEnd): Promise<RunResult | null> {
    return CancellationScope.nonCancellable(() => endRun({ run: this.#run, end: how }));
  }

  #planning() {
    return proxyActivities<Activities>(planning(this.#settings.pace));
  }

  #events(summary: string) {
    return proxyActivities<Activities>(moving(this.#settings.pace, summary, '1 hour'));
  }
}

// Helpers

/** The innermost failure, so that the workflow fails in the words of whoever found the cause. */
function reasonOf(error: unknown): ApplicationFailure {
  let at = error;
  while ((at instanceof ActivityFailure || at instanceof ChildWorkflowFailure) && at.cause) at = at.cause;
  if (at instanceof ApplicationFailure)
    return ApplicationFailure.nonRetryable(at.message, at.type, ...(at.details ?? []));
  return ApplicationFailure.nonRetryable(at instanceof Error ? at.message : String(at), 'Unexpected');
}
