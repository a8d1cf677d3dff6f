import { type Client, WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import type { Database } from '../database/port.ts';
import { taskQueue } from '../runs/contract.ts';
import { CommandError, exitCode } from './exitCodes.ts';
import { followRun } from './followRun.ts';
import type { DataOptions } from './options.ts';
import { reportEnd } from './runReport.ts';
import { stopSignal } from './stopSignal.ts';
import { type TemporalPlace, uiLink } from './temporal.ts';

/** A workflow to be started as a run. */
export interface Launch {
  run: string;
  workflow: 'migrateApplication' | 'retryIssues';
  argument: unknown;
  /** One line for the Temporal UI. */
  summary: string;
}

/** `quality-2026-11-23T01-20-05`: sorts by time, and is a file name everywhere. */
export function runIdFor(destination: string, time: Date): string {
  const name = destination.replace(/[\s/]+/g, '-').slice(0, 120);
  return `${name}-${time.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

/** @throws CommandError where a run of that id is there already. */
export async function launchRun(client: Client, { run, workflow, argument, summary }: Launch): Promise<WorkflowHandle> {
  try {
    return await client.workflow.start(workflow, {
      workflowId: run,
      taskQueue,
      args: [argument],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: summary,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new CommandError(
      exitCode.failed,
      `run '${run}' is there already; choose another --id ('caravel status ${run}' shows it)`,
      error,
    );
  }
}

/** Starts a run and shows its progress until it ends. @returns the exit code. */
export async function launchAndFollow(
  { client, place, journal }: { client: Client; place: TemporalPlace; journal: Database },
  launch: Launch,
  options: DataOptions,
): Promise<number> {
  const handle = await launchRun(client, launch);
  announce(launch.run, place, (line) => process.stderr.write(`${line}\n`));
  await warnWithoutWorker(client);
  return reportEnd(launch.run, await followRun(handle, journal, stopSignal()), options);
}

export function announce(run: string, place: TemporalPlace, print: (line: string) => void): void {
  const link = uiLink(place, run);
  print(`run '${run}' started${link === null ? '' : `: ${link}`}`);
}

/** A run waits until a worker comes; who started it should know. */
export async function warnWithoutWorker(client: Client): Promise<void> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  if (pollers.length > 0) return;
  process.stderr.write(`no worker polls the task queue '${taskQueue}' yet; the run waits for 'caravel worker'\n`);
}
