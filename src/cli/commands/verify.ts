import { ConfigurationError } from '../../config/configuration.ts';
import { getRun, loadPlan } from '../../journal/runs.ts';
import type { VerificationReport } from '../../verification/report.ts';
import { verifyRun } from '../../verification/verifyRun.ts';
import { withEnvironments, withJournal } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { counted, printJson, printLine, printTable } from '../output.ts';

/** Bytes of one page of source rows. */
const pageBytes = 8 * 1024 * 1024;

const exitCodes = { same: exitCode.ok, sameButSetAside: exitCode.setAside, differs: exitCode.failed };

/** `caravel verify ID`: proves every entity of a run, and shows where it differs by ids and columns, never by values. */
export async function verify(runId: string, options: DataOptions): Promise<number> {
  const { reports, verdict } = await withJournal(options, async (journal, configuration) => {
    const run = await getRun(journal, runId);
    const plan = await loadPlan(journal, runId);
    if (configuration === null) throw new ConfigurationError('no caravel.json: verify reads both environments');
    return withEnvironments(configuration, run, (source, destination) => {
      const batch = { rows: run.spec.batchRows, bytes: pageBytes };
      const context = {
        source,
        destination,
        journal,
        pairId: run.pairId,
        runId,
        plan,
        batch,
        mode: 'content' as const,
      };
      return verifyRun(context, plan.entities);
    });
  });
  if (options.json) printJson({ run: runId, verdict, entities: reports });
  else printReports(reports);
  return exitCodes[verdict];
}

function printReports(reports: VerificationReport[]): void {
  printTable(
    ['entity', 'same', 'different', 'missing', 'extra', 'set aside'],
    reports.map((report) => [
      report.name,
      report.same,
      report.different,
      report.missing,
      report.extra,
      report.setAside,
    ]),
  );
  for (const { name, examples } of reports) {
    for (const { kind, sourceId, destinationId, columns } of examples) {
      const where = [
        ...(sourceId === null ? [] : [`source id ${sourceId}`]),
        ...(destinationId === null ? [] : [`destination id ${destinationId}`]),
      ].join(', ');
      printLine(`${name}: ${kind}, ${where}${columns.length > 0 ? ` (${columns.join(', ')})` : ''}`);
    }
  }
  const total = (count: (report: VerificationReport) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0);
  const wrong = total(({ different, missing, extra }) => different + missing + extra);
  const aside = total(({ setAside }) => setAside);
  const verdict =
    wrong > 0 ? `${counted(wrong, 'row differs', 'rows differ')}` : 'the destination is the same as the source';
  printLine(aside > 0 ? `${verdict}, but for ${counted(aside, 'row')} set aside` : verdict);
}
