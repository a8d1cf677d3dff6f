import type { MissingUser } from '../../alignment/people.ts';
import { loadMigrationSpec } from '../../config/configuration.ts';
import { planDocument } from '../../planning/planDocument.ts';
import { prepareMigration } from '../../planning/prepareMigration.ts';
import { printPlan } from '../../planning/printPlan.ts';
import { readConfiguration } from '../configurationFile.ts';
import { withEnvironments } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import type { DataOptions } from '../options.ts';
import { printJson, printLine, printTable } from '../output.ts';

/** `caravel plan SPEC`: what a run would do. Reads both environments and writes nothing to them. */
export async function plan(file: string, options: DataOptions): Promise<number> {
  const configuration = readConfiguration(options);
  const spec = loadMigrationSpec(file);
  const { plan, missingUsers } = await withEnvironments(configuration, spec, (source, destination) =>
    prepareMigration({ spec, source, destination }),
  );
  if (options.json) {
    printJson(planDocument(plan));
  } else {
    printLine(printPlan(plan, process.stdout.columns));
    if (missingUsers.length > 0) printMissingUsers(missingUsers);
  }
  return plan.blocking.length > 0 ? exitCode.blocked : exitCode.ok;
}

/** The one place that names people: the operator's terminal. */
function printMissingUsers(users: MissingUser[]): void {
  printLine('\nUsers that the destination lacks');
  printTable(
    ['tenant', 'user name', 'name', 'source id'],
    users.map(({ tenant, username, name, sourceId }) => [tenant ?? '', username ?? '', name ?? '', sourceId]),
  );
}
