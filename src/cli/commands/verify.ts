import { SingleBar } from 'cli-progress';
import type { Database } from '../../database/port.ts';
import { getRun, loadPlanIfAny, type Run } from '../../journal/runs.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Verdict, VerificationReport } from '../../verification/report.ts';
import { verifyRun } from '../../verification/verifyRun.ts';
import { countOf } from '../../wording/counts.ts';
import { readConfiguration } from '../configurationFile.ts';
import { withEnvironments, withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { type CountColumn, printJson, printLine, printTable, shownColumns } from '../output.ts';

const exitCodes: Record<Verdict, number> = {
  same: exitCode.ok,
  sameButSetAside: exitCode.setAside,
  differs: exitCode.failed,
};

/**
 * `caravel verify ID`: every row, compared through the id maps, whatever the run's own `verify` was. Writes nothing.
 */
export async function verify(run: string, options: DataOptions): Promise<number> {
  const configuration = readConfiguration(options);
  return withJournal(options, async (journal) => {
    const verified = await getRun(journal, run);
    const plan = await loadPlanIfAny(journal, run);
    if (plan === null || plan.blocking.length > 0) {
      const why = plan === null ? 'has no plan' : 'was blocked by its plan';
      throw new CommandError(exitCode.failed, `run '${run}' ${why}: it has moved nothing that could be verified`);
    }
    if (verified.finished === null)
      process.stderr.write(`run '${run}' has not ended: rows still to come count as missing\n`);
    const { reports, verdict } = await withEnvironments(configuration, verified, (source, destination) =>
      prove({ journal, source, destination }, verified, plan),
    );
    if (options.json) printJson(toDocument(run, verdict, reports, plan));
    else printReports(run, verdict, reports);
    return exitCodes[verdict];
  });
}

async function prove(
  databases: { journal: Database; source: Database; destination: Database },
  run: Run,
  plan: Plan,
): Promise<{ reports: VerificationReport[]; verdict: Verdict }> {
  const { pairId, id: runId, spec } = run;
  const batch = { rows: spec.batchRows, bytes: 8 * 1024 * 1024 };
  const written = plan.entities.filter(({ role }) => role !== 'matched');
  const total = written.reduce((sum, { rows }) => sum + rows, 0);
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: barFormat, clearOnComplete: true, hideCursor: true })
    : null;
  let rows = 0;
  bar?.start(total, 0, { name: '' });
  try {
    return await verifyRun(
      { ...databases, pairId, runId, plan, batch, mode: 'content' },
      written,
      ({ name }) => bar?.update(rows, { name }),
      {
        signal: new AbortController().signal,
        onBatch(more) {
          rows += more;
          bar?.update(Math.min(rows, total));
        },
      },
    );
  } finally {
    bar?.stop();
  }
}

const barFormat = 'comparing {bar} {percentage}% of {total} rows {name}';

function toDocument(run: string, verdict: Verdict, reports: VerificationReport[], plan: Plan) {
  const planned = new Map(plan.entities.map((entity) => [entity.key, entity]));
  return {
    run,
    verdict,
    ...sums(reports),
    entities: reports.map(({ entity: key, name: _, ...report }) => {
      const { espace = '', entity = key } = planned.get(key) ?? {};
      return { espace, entity, key, ...report };
    }),
  };
}

function sums(reports: VerificationReport[]) {
  const total = (count: (report: VerificationReport) => number) =>
    reports.reduce((sum, report) => sum + count(report), 0);
  return {
    same: total(({ same }) => same),
    different: total(({ different }) => different),
    missing: total(({ missing }) => missing),
    extra: total(({ extra }) => extra),
    setAside: total(({ setAside }) => setAside),
  };
}

const columns: CountColumn<VerificationReport>[] = [
  { title: 'same', value: ({ same }) => same },
  { title: 'different', value: ({ different }) => different },
  { title: 'missing', value: ({ missing }) => missing },
  { title: 'extra', value: ({ extra }) => extra },
  { title: 'set aside', value: ({ setAside }) => setAside, ifAny: true },
  { title: 'of earlier runs', value: ({ ofEarlierRuns }) => ofEarlierRuns, ifAny: true },
];

function printReports(run: string, verdict: Verdict, reports: VerificationReport[]): void {
  const shown = shownColumns(columns, reports);
  printTable(
    ['entity', ...shown.map(({ title }) => title)],
    reports.map((report) => [report.name, ...shown.map(({ value }) => value(report))]),
  );
  const examples = reports.flatMap(({ name, examples }) => examples.map((example) => ({ name, ...example })));
  if (examples.length > 0) {
    printLine('Examples');
    printTable(
      ['entity', 'row is', 'source id', 'destination id', 'columns'],
      examples.map(({ name, kind, sourceId, destinationId, columns }) => [
        name,
        kind,
        sourceId ?? '',
        destinationId ?? '',
        columns.join(', '),
      ]),
    );
  }
  const { same, different, missing, extra, setAside } = sums(reports);
  const verdicts: Record<Verdict, string> = {
    same: `verified: all ${countOf(same, 'row is', 'rows are')} the same in the destination`,
    sameButSetAside: `verified but for rows set aside: ${countOf(same, 'row')} the same, ${countOf(setAside, 'row')} set aside`,
    differs: `DIFFERS: ${countOf(same, 'row')} the same, ${different} different, ${missing} missing, ${extra} extra`,
  };
  printLine(`run '${run}' ${verdicts[verdict]}`);
}
