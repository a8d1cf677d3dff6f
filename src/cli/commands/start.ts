import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { taskQueue } from '../../../activities/contract.ts';
import { environmentUrl, loadMigrationSpec } from '../../config/configuration.ts';
import type { MigrationSpec } from '../../config/migrationSpec.ts';
import { getRun, RunTakenError, UnknownRunError } from '../../journal/runs.ts';
import { readConfiguration } from '../configurationFile.ts';
import { withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import { followRun } from '../followRun.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { reportEnd } from '../runReport.ts';
import { stopSignal } from '../stopSignal.ts';
import { type TemporalPlace, uiLink, withTemporal } from '../temporal.ts';

type StartOptions = DataOptions & { id?: string; wait?: boolean };

/** `caravel start SPEC`: checks the spec, starts the workflow and, with `--wait`, follows it to its end. */
export async function start(file: string, options: StartOptions): Promise<number> {
  const configuration = readConfiguration(options);
  const spec = loadMigrationSpec(file);
  environmentUrl(configuration, spec.source);
  environmentUrl(configuration, spec.destination);
  const run = options.id ?? runIdFor(spec.destination, new Date());
  if (!options.wait) {
    return withTemporal(async (client, place) => {
      await startRun(client, run, spec);
      await warnWithoutWorker(client);
      if (options.json) printJson({ run, ui: uiLink(place, run) });
      else announce(run, place, printLine);
      return exitCode.ok;
    });
  }
  return withJournal(options, (journal) =>
    withTemporal(async (client, place) => {
      await refuseUsed(run, getRun(journal, run));
      const handle = await startRun(client, run, spec);
      announce(run, place, (line) => process.stderr.write(`${line}\n`));
      await warnWithoutWorker(client);
      const end = await followRun(handle, journal, stopSignal());
      return reportEnd(run, end, options);
    }),
  );
}

/** `quality-2026-11-23T01-20-05`: sorts by time, and is a file name everywhere. */
export function runIdFor(destination: string, time: Date): string {
  const name = destination.replace(/[\s/]+/g, '-').slice(0, 120);
  return `${name}-${time.toISOString().slice(0, 19).replaceAll(':', '-')}`;
}

async function startRun(client: Client, run: string, spec: MigrationSpec) {
  try {
    return await client.workflow.start('migrateApplication', {
      workflowId: run,
      taskQueue,
      args: [spec],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `${spec.source} → ${spec.destination}: ${scopeOf(spec)}`,
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

/** Temporal forgets runs after a while; the journal does not. */
async function refuseUsed(run: string, known: Promise<unknown>): Promise<void> {
  try {
    await known;
  } catch (error) {
    if (error instanceof UnknownRunError) return;
    throw error;
  }
  throw new CommandError(exitCode.failed, new RunTakenError(run).message);
}

function scopeOf({ scope }: MigrationSpec): string {
  if (scope.all) return 'all';
  const names = [...(scope.applications ?? []), ...(scope.espaces ?? []), ...(scope.solutions ?? [])].join(', ');
  // Temporal takes 400 bytes of summary.
  return names.length > 120 ? `${names.slice(0, 119)}…` : names;
}

function announce(run: string, place: TemporalPlace, print: (line: string) => void): void {
  const link = uiLink(place, run);
  print(`run '${run}' started${link === null ? '' : `: ${link}`}`);
}

/** A run waits until a worker comes; who started it should know. */
async function warnWithoutWorker(client: Client): Promise<void> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  if (pollers.length > 0) return;
  process.stderr.write(`no worker polls the task queue '${taskQueue}' yet; the run waits for 'caravel worker'\n`);
}
