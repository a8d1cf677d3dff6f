import { restoreSubscriptions } from '../../copying/subscribe.ts';
import { acquireLease, LeaseHeldError, releaseLease } from '../../journal/lease.ts';
import { RunJournal } from '../../journal/runJournal.ts';
import { getRun, loadPlanIfAny } from '../../journal/runs.ts';
import { countOf } from '../../wording/counts.ts';
import { readConfiguration } from '../configurationFile.ts';
import { openDestination, withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import type { CommonOptions } from '../options.ts';
import { printLine } from '../output.ts';
import { workflowState } from '../temporal.ts';

/**
 * `caravel restore ID`: gives the destination's event subscriptions back after a run that did not finish and could not
 * do so itself. Called again it changes nothing. Refused while a run is writing to the destination: that run will do
 * it.
 */
export async function restore(id: string, options: CommonOptions): Promise<number> {
  const configuration = readConfiguration(options);
  return withJournal(options, async (journal) => {
    const run = await getRun(journal, id);
    const plan = await loadPlanIfAny(journal, id);
    if (plan === null || plan.blocking.length > 0 || plan.events === undefined) {
      printLine(`run '${id}' took no event subscriptions out of '${run.destination}'`);
      return exitCode.ok;
    }
    if ((await workflowState(id)) === 'open') {
      throw new CommandError(
        exitCode.failed,
        `run '${id}' has not ended and gives them back itself when it does; 'caravel cancel ${id}' ends it`,
      );
    }
    const destination = openDestination(configuration, run.destination);
    try {
      const lease = await acquireLease(journal, run.destination, id, workflowState).catch((error: unknown) => {
        throw error instanceof LeaseHeldError ? new CommandError(exitCode.failed, error.message, error) : error;
      });
      const control = {
        signal: new AbortController().signal,
        onWaiting: (text: string) => process.stderr.write(`${text}\n`),
      };
      const context = { journal: new RunJournal(journal, { lease, pairId: run.pairId }), destination };
      let rows = 0;
      for (const table of plan.events) rows += await restoreSubscriptions(context, table, control);
      await releaseLease(journal, run.destination, id);
      const said = rows === 0 ? 'were all there' : `${countOf(rows, 'row')} given back`;
      printLine(`event subscriptions of '${run.destination}': ${said}`);
      return exitCode.ok;
    } finally {
      await destination.close();
    }
  });
}
