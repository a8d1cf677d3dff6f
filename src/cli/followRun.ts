import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { DatabaseError } from '../database/errors.ts';
import type { Database } from '../database/port.ts';
import { getRun, loadPlanIfAny, UnknownRunError } from '../journal/runs.ts';
import type { Finding } from '../plan/finding.ts';
import type { RunResult } from '../runs/contract.ts';
import { type ProgressDisplay, progressDisplay } from './progressDisplay.ts';
import { RunReader } from './runView.ts';
import { aborted, pause } from './stopSignal.ts';
import { isAway } from './temporal.ts';

/** How a run ended, or that the operator stopped watching it. */
export type RunOutcome =
  | { status: 'completed'; result: RunResult }
  | { status: 'blocked'; message: string; blocking: Finding[] }
  | { status: 'failed' | 'cancelled'; message: string }
  | { status: 'left'; signal: 'SIGINT' | 'SIGTERM' };

/**
 * Shows a run's progress, read from the journal, until it ends. Outages of Temporal or of the journal are waited out,
 * as the run itself does.
 * @param stop leaves the run going.
 */
export async function followRun(handle: WorkflowHandle, journal: Database, stop: AbortSignal): Promise<RunOutcome> {
  const ended = new AbortController();
  const display = progressDisplay();
  const showing = showProgress(journal, handle.workflowId, display, AbortSignal.any([stop, ended.signal]));
  try {
    return await Promise.race([
      endOf(handle, journal, display, stop),
      aborted(stop).then((): RunOutcome => ({ status: 'left', signal: stop.reason })),
    ]);
  } finally {
    ended.abort();
    await showing;
    display.end();
  }
}

async function showProgress(journal: Database, run: string, display: ProgressDisplay, until: AbortSignal) {
  const reader = new RunReader(journal, run);
  let isAwaySince = false;
  for (;;) {
    const last = until.aborted;
    try {
      display.show(await reader.read());
      isAwaySince = false;
    } catch (error) {
      // The worker has not taken the run up yet.
      if (!(error instanceof UnknownRunError) && !isAwaySince) {
        display.say(`${error instanceof DatabaseError ? error.message : error}`);
        isAwaySince = true;
      }
    }
    // Once more after the end, so that the last state is the one that stays on the screen.
    if (last) return;
    await pause(1_000, until);
  }
}

async function endOf(
  handle: WorkflowHandle,
  journal: Database,
  display: ProgressDisplay,
  stop: AbortSignal,
): Promise<RunOutcome> {
  let told = false;
  for (;;) {
    try {
      return { status: 'completed', result: (await handle.result()) as RunResult };
    } catch (error) {
      if (error instanceof WorkflowFailedError) return failure(error, handle.workflowId, journal);
      if (!isAway(error) || stop.aborted) throw error;
      if (!told) display.say('Temporal is out of reach; waiting for it');
      told = true;
      await pause(2_000, stop);
    }
  }
}

async function failure(error: WorkflowFailedError, run: string, journal: Database): Promise<RunOutcome> {
  const reason = innermost(error.cause);
  if (reason instanceof ApplicationFailure && reason.type === 'PlanBlocked') {
    const plan = await loadPlanIfAny(journal, run).catch(() => null);
    return { status: 'blocked', message: reason.message, blocking: plan?.blocking ?? [] };
  }
  if (reason instanceof TerminatedFailure) return { status: 'failed', message: 'the workflow was terminated' };
  if (reason instanceof TimeoutFailure) return { status: 'failed', message: 'the workflow timed out' };
  // The journal's line also says what was done; that of a run refused is not there or another's.
  const isOwn = !(reason instanceof ApplicationFailure && reason.type === 'Refused');
  const noted = isOwn ? await getRun(journal, run).catch(() => null) : null;
  const message = noted?.message ?? reason?.message ?? error.message;
  return { status: reason instanceof CancelledFailure ? 'cancelled' : 'failed', message };
}

/** What the one who found it said; the failures around it only say where. */
function innermost(error: Error | undefined): Error | undefined {
  let at = error;
  while (at?.cause instanceof Error && !(at instanceof ApplicationFailure)) at = at.cause;
  return at;
}
