import { stringify } from 'csv-stringify/sync';
import type { LedgerLine } from '../../alignment/people/users.ts';
import { loadMigrationSpec } from '../../config/configuration.ts';
import { findPair } from '../../journal/runs.ts';
import { planDocument } from '../../plan/planDocument.ts';
import { printPlan } from '../../plan/printPlan.ts';
import { prepareMigration } from '../../planning/prepareMigration.ts';
import { earlierRuns } from '../../runs/earlierRuns.ts';
import { andMore, countOf } from '../../wording/counts.ts';
import { readConfiguration } from '../configurationFile.ts';
import { withEnvironments, withJournalIfAny } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { privateFile } from '../privateFile.ts';

const columns = ['source_id', 'username', 'tenant', 'decision', 'destination_id'];

/**
 * `caravel plan SPEC`: what a run would do. Reads both environments and writes nothing to them; where a journal is at
 * hand, with what it knows of earlier runs.
 */
export async function plan(file: string, options: DataOptions & { users?: string }): Promise<number> {
  const configuration = readConfiguration(options);
  const spec = loadMigrationSpec(file);
  // Before the work: a ledger that cannot be written is no surprise for later.
  const ledgerFile = options.users === undefined ? null : privateFile(options.users, '--users');
  const { plan, ledger } = await withEnvironments(configuration, spec, (source, destination) =>
    withJournalIfAny(options, async (journal) => {
      const request = { spec, source, destination };
      if (journal === null) return prepareMigration(request);
      const pairId = await findPair(journal, spec.source, spec.destination);
      return prepareMigration({ ...request, earlier: await earlierRuns(journal, request, { pairId, runId: null }) });
    }),
  );
  ledgerFile?.write(ledgerCsv(ledger));
  if (options.json) {
    printJson(planDocument(plan));
  } else {
    printLine(printPlan(plan, process.stdout.columns));
    printPeople('Users that the destination lacks', missing(ledger));
    printPeople('Users that fall together with another one', together(ledger));
    if (ledgerFile !== null) printLine(`\n${countOf(ledger.length, 'user')} in ${ledgerFile.path}`);
  }
  return plan.blocking.length > 0 ? exitCode.blocked : exitCode.ok;
}

/** A line a user, in the order of the source's ids. */
function ledgerCsv(ledger: readonly LedgerLine[]): string {
  const lines = ledger.map(({ sourceId, username, tenant, decision, destinationId }) => [
    sourceId,
    username,
    tenant,
    decision,
    destinationId,
  ]);
  return stringify(lines, { header: true, columns });
}

const missing = (ledger: readonly LedgerLine[]) =>
  ledger.filter(({ decision }) => decision === 'missing').map((line) => ({ ...line, note: '' }));

const together = (ledger: readonly LedgerLine[]) =>
  ledger
    .filter(({ sharedWith }) => sharedWith !== null)
    .map((line) => ({ ...line, note: `becomes that of source id ${line.sharedWith}` }));

/** How many names the terminal shows; the ledger has all. */
const shown = 50;

/** The one place that names people: the operator's terminal. */
function printPeople(title: string, users: (LedgerLine & { note: string })[]): void {
  if (users.length === 0) return;
  printLine(`\n${title}`);
  const withNote = users.some(({ note }) => note !== '');
  printTable(
    ['tenant', 'user name', 'name', 'source id', ...(withNote ? ['what becomes of it'] : [])],
    users
      .slice(0, shown)
      .map(({ tenant, username, name, sourceId, note }) => [
        tenant ?? '',
        username ?? '',
        name ?? '',
        sourceId,
        ...(withNote ? [note] : []),
      ]),
  );
  if (users.length > shown) printLine(`${andMore(users.length - shown)}; --users FILE.csv lists all`);
}
