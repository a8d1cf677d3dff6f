import type { Counts } from '../journal/progress.ts';
import { duration } from '../plan/duration.ts';
import type { RunResult } from '../runs/contract.ts';
import { countOf } from '../wording/counts.ts';
import { CommandError, exitCode } from './exitCodes.ts';
import type { RunOutcome } from './followRun.ts';
import type { DataOptions } from './options.ts';
import { countColumns, printJson, printLine, printTable, shownColumns } from './output.ts';
import { nameOf } from './runView.ts';

const said = { completed: 'completed', completedWithIssues: 'completed with rows set aside' } as const;

/**
 * Prints how a run ended.
 * @returns the exit code of `caravel start --wait`.
 * @throws CommandError for a run that failed, was cancelled or is blocked: the line that says why.
 */
export function reportEnd(run: string, end: RunOutcome, { json }: DataOptions): number {
  switch (end.status) {
    case 'completed':
      if (json) printJson(end.result);
      else printResult(end.result);
      return end.result.status === 'completedWithIssues' ? exitCode.setAside : exitCode.ok;
    case 'left':
      process.stderr.write(
        `run '${run}' goes on; 'caravel status ${run} --watch' follows it, 'caravel cancel ${run}' ends it\n`,
      );
      return end.signal === 'SIGINT' ? 130 : 143;
    case 'blocked':
      if (json) {
        printJson({ run, status: end.status, message: end.message, blocking: end.blocking });
      } else {
        for (const { code, entity, message } of end.blocking) {
          printLine(`blocked  ${entity ? `${entity}: ` : ''}${message} [${code}]`);
        }
      }
      throw new CommandError(exitCode.blocked, `run '${run}': ${end.message}`);
    default:
      if (json) printJson({ run, status: end.status, message: end.message });
      throw new CommandError(exitCode.failed, `run '${run}' ${end.status}: ${end.message}`);
  }
}

function printResult({ run, status, entities, issues, seconds }: RunResult): void {
  const columns = shownColumns([{ title: 'read', value: ({ read }: Counts) => read }, ...countColumns], entities);
  const isVerified = entities.some(({ verified }) => verified);
  printTable(
    ['entity', ...columns.map(({ title }) => title), ...(isVerified ? ['verified'] : [])],
    entities.map((entity) => [
      nameOf(entity),
      ...columns.map(({ value }) => value(entity)),
      ...(isVerified ? [entity.verified ? 'yes' : 'NO'] : []),
    ]),
  );
  const inserted = entities.reduce((sum, entity) => sum + entity.inserted, 0);
  const proof = isVerified && entities.every(({ verified }) => verified) ? ', verified' : '';
  printLine(
    `run '${run}' ${said[status]}: ${countOf(inserted, 'row')} inserted in ${countOf(entities.length, 'entity', 'entities')}${proof}, ${duration(seconds)}`,
  );
  if (issues > 0) printLine(`${countOf(issues, 'row is', 'rows are')} set aside; 'caravel issues ${run}' says why`);
}
