import { ApplicationFailure, CancellationScope, condition, startChild, workflowInfo } from '@temporalio/workflow';
import type { EntityReport, Pace, PlannedWork } from '../src/runs/contract.ts';
import { type EntityStep, migrateEntity } from './migrateEntity.ts';

interface Window {
  run: string;
  step: EntityStep;
  entities: PlannedWork[];
  /** Which of them take part. */
  takesPart(work: PlannedWork): boolean;
  /** Entities in flight, at most. */
  width: number;
  pace: Pace;
  paused(): boolean;
  /** The history is long enough: start nothing more. */
  full(): boolean;
  onStart(index: number): void;
  onReport(index: number, report: EntityReport): void;
}

const complete = (work: PlannedWork, step: EntityStep) =>
  work.stage === 'done' || (step === 'copy' && (work.stage === 'copied' || work.stage === 'filling'));

/**
 * Runs a child workflow for each entity, some at a time, each only after those it refers to. The first failure cancels
 * the others at their next batch.
 * @returns `full` when it stopped early, with nothing in flight, because the history is long.
 */
export async function migrateInWindow(window: Window): Promise<'done' | 'full'> {
  const { run, step, entities } = window;
  const waiting = new Set(entities.keys());
  for (const [index, work] of entities.entries()) {
    if (complete(work, step) || !window.takesPart(work)) waiting.delete(index);
  }
  let inFlight = 0;
  let failure: unknown = null;
  const scope = new CancellationScope();

  const ready = (index: number) =>
    step === 'references' || entities[index]!.after.every((earlier) => complete(entities[earlier]!, step));
  const nextReady = () => {
    for (const index of waiting) if (ready(index)) return index;
    return null;
  };

  async function migrate(index: number): Promise<void> {
    const work = entities[index]!;
    const name = `${work.espace}.${work.entity}`;
    window.onStart(index);
    try {
      const child = await startChild(migrateEntity, {
        workflowId: step === 'copy' ? `${run}/${name}` : `${run}/${name}/references`,
        taskQueue: workflowInfo().taskQueue,
        args: [{ run, key: work.key, name, isPeople: work.isPeople, pace: window.pace }, step],
        staticSummary:
          step === 'copy' ? `${name}: ${work.rows.toLocaleString('en')} rows` : `${name}: deferred references`,
      });
      const report = await child.result();
      work.stage = report.stage;
      window.onReport(index, report);
      if (report.outcome === 'paused') waiting.add(index);
    } catch (error) {
      failure ??= error;
      scope.cancel();
    } finally {
      inFlight -= 1;
    }
  }

  const open = () => !window.paused() && !window.full() && inFlight < window.width;
  const drained = () => window.full() && inFlight === 0;
  const conduct = async () => {
    while (failure === null && (waiting.size > 0 || inFlight > 0) && !drained()) {
      const index = open() ? nextReady() : null;
      if (index !== null) {
        waiting.delete(index);
        inFlight += 1;
        void migrate(index);
        continue;
      }
      if (inFlight === 0 && open()) {
        throw ApplicationFailure.nonRetryable(
          'the plan has entities that wait for each other; plan again',
          'PlanInvalid',
        );
      }
      const before = inFlight;
      await condition(() => inFlight < before || (open() && nextReady() !== null) || drained());
    }
  };
  await scope.run(conduct).catch((error) => {
    failure ??= error;
    scope.cancel();
  });
  await CancellationScope.nonCancellable(() => condition(() => inFlight === 0));
  if (failure !== null) throw failure;
  return waiting.size > 0 ? 'full' : 'done';
}
