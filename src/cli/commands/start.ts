import { environmentUrl, loadMigrationSpec } from '../../config/configuration.ts';
import type { MigrationSpec } from '../../config/migrationSpec.ts';
import { getRun, RunTakenError, UnknownRunError } from '../../journal/runs.ts';
import { readConfiguration } from '../configurationFile.ts';
import { withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import { announce, type Launch, launchAndFollow, launchRun, runIdFor, warnWithoutWorker } from '../launchRun.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { uiLink, withTemporal } from '../temporal.ts';

type StartOptions = DataOptions & { id?: string; wait?: boolean };

/** `caravel start SPEC`: checks the spec, starts the workflow and, with `--wait`, follows it to its end. */
export async function start(file: string, options: StartOptions): Promise<number> {
  const configuration = readConfiguration(options);
  const spec = loadMigrationSpec(file);
  environmentUrl(configuration, spec.source);
  environmentUrl(configuration, spec.destination);
  const run = options.id ?? runIdFor(spec.destination, new Date());
  const summary = `${spec.source} → ${spec.destination}: ${scopeOf(spec)}`;
  const launch: Launch = { run, workflow: 'migrateApplication', argument: spec, summary };
  if (!options.wait) {
    return withTemporal(async (client, place) => {
      await launchRun(client, launch);
      await warnWithoutWorker(client);
      if (options.json) printJson({ run, ui: uiLink(place, run) });
      else announce(run, place, printLine);
      return exitCode.ok;
    });
  }
  return withJournal(options, (journal) =>
    withTemporal(async (client, place) => {
      await refuseUsed(run, getRun(journal, run));
      return launchAndFollow({ client, place, journal }, launch, options);
    }),
  );
}

/** Temporal forgets runs after a while; the journal does not. */
async function refuseUsed(run: string, lookUp: Promise<unknown>): Promise<void> {
  try {
    await lookUp;
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
