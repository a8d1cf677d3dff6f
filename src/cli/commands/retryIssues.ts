import { countOpenIssues } from '../../journal/issues.ts';
import { countRetries, getRun, issuesRun } from '../../journal/runs.ts';
import { countOf } from '../../wording/counts.ts';
import { withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import { type Launch, launchAndFollow } from '../launchRun.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine } from '../output.ts';
import { withTemporal, workflowState } from '../temporal.ts';

/**
 * `caravel retry-issues ID`: migrates what a run set aside, after its cause was mended, and nothing else; shows
 * progress and ends with the result. What still cannot be migrated is an issue of the same run again.
 */
export async function retryIssues(id: string, options: DataOptions): Promise<number> {
  return withJournal(options, async (journal) => {
    await getRun(journal, id);
    const of = await issuesRun(journal, id);
    const open = await countOpenIssues(journal, of.id);
    if (open === 0) {
      if (options.json) printJson({ run: of.id, open });
      else printLine(`run '${of.id}' has set no rows aside that are not migrated yet`);
      return exitCode.ok;
    }
    // One whose workflow was terminated has not ended by itself, and never will.
    if (of.finished === null && (await workflowState(of.id)) === 'open') {
      throw new CommandError(
        exitCode.failed,
        `run '${of.id}' has not ended; wait for it, or end it with 'caravel cancel ${of.id}'`,
      );
    }
    const launch: Launch = {
      run: `${of.id}-retry-${(await countRetries(journal, of.id)) + 1}`,
      workflow: 'retryIssues',
      argument: of.id,
      summary: `${of.source} → ${of.destination}: ${countOf(open, 'row')} that ${of.id} set aside`.slice(0, 200),
    };
    return withTemporal((client, place) => launchAndFollow({ client, place, journal }, launch, options));
  });
}
