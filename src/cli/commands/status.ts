import type { Database } from '../../database/port.ts';
import { listRuns } from '../../journal/runs.ts';
import { duration } from '../../plan/duration.ts';
import { countOf, grouped } from '../../wording/counts.ts';
import { withJournal } from '../databases.ts';
import { CommandError, exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { type CountColumn, countColumns, printJson, printLine, printTable, shownColumns } from '../output.ts';
import { progressDisplay, stage } from '../progressDisplay.ts';
import { type EntityView, hasEnded, nameOf, RunReader, type RunView, totals } from '../runView.ts';
import { pause, stopSignal } from '../stopSignal.ts';

/** `caravel status [ID]`: a run, or all of them, as the journal knows them. */
export async function status(run: string | undefined, options: DataOptions & { watch?: boolean }): Promise<number> {
  if (options.watch && run === undefined) {
    throw new CommandError(exitCode.usage, "--watch follows one run; name it: 'caravel status ID --watch'");
  }
  await withJournal(options, async (journal) => {
    if (run === undefined) return printRuns(journal, options);
    const reader = new RunReader(journal, run);
    const view = options.watch ? await watch(reader) : await reader.read();
    if (options.json) printJson(view);
    else printRun(view);
  });
  return exitCode.ok;
}

/** Shows the run until it ends or the operator has seen enough. */
async function watch(reader: RunReader): Promise<RunView> {
  const stop = stopSignal();
  let view = await reader.read();
  if (hasEnded(view)) return view;
  const display = progressDisplay();
  try {
    while (!hasEnded(view) && !stop.aborted) {
      display.show(view);
      await pause(1_000, stop);
      view = await reader.read();
    }
  } finally {
    display.end();
  }
  return view;
}

async function printRuns(journal: Database, options: DataOptions): Promise<void> {
  const runs = await listRuns(journal);
  if (options.json) {
    printJson(
      runs.map(({ id, status, phase, source, destination, message, started, finished }) => ({
        run: id,
        status,
        phase,
        source,
        destination,
        message,
        started: new Date(started).toISOString(),
        finished: finished === null ? null : new Date(finished).toISOString(),
      })),
    );
  } else if (runs.length === 0) {
    printLine("no runs yet; 'caravel start SPEC' starts one");
  } else {
    printTable(
      ['run', 'status', 'from', 'to', 'started', 'took'],
      runs.map(({ id, status, source, destination, started, finished }) => [
        id,
        status,
        source,
        destination,
        new Date(started).toLocaleString('sv'),
        finished === null ? '' : duration((finished - started) / 1_000),
      ]),
    );
  }
}

const barWidth = 20;
const bar = (share: number) => {
  const full = Math.round(Math.min(1, share) * barWidth);
  return '█'.repeat(full) + '░'.repeat(barWidth - full);
};

const columns: CountColumn<EntityView>[] = [
  { title: 'read', value: ({ read }) => read },
  { title: 'of', value: ({ rows }) => rows },
  ...countColumns,
  { title: 'rows/s', value: ({ state, rowsPerSecond }) => (state === 'copying' ? rowsPerSecond : 0), ifAny: true },
];

function printRun(view: RunView): void {
  const sums = totals(view);
  if (view.entities.length > 0) {
    const shown = shownColumns(columns, view.entities);
    printTable(
      ['entity', 'state', 'progress', ...shown.map(({ title }) => title)],
      view.entities.map((entity) => [
        nameOf(entity),
        entity.state,
        bar(entity.rows === 0 ? Number(entity.state !== 'waiting') : entity.read / entity.rows),
        ...shown.map(({ value }) => value(entity)),
      ]),
    );
  }
  const took =
    view.finished === null ? '' : `, took ${duration((Date.parse(view.finished) - Date.parse(view.started)) / 1_000)}`;
  const now = view.finished === null ? stage(view) : view.status;
  printLine(`run '${view.run}' (${view.source} → ${view.destination}): ${now}${took}`);
  if (view.entities.length > 0) {
    printLine(`${grouped(sums.read)} of ${countOf(sums.rows, 'row')}, ${grouped(view.rowsPerSecond)} rows/s`);
  }
  if (view.message !== null) printLine(view.message);
}
