import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Database } from '../database/port.ts';
import type { EnvironmentCatalog } from '../outsystems/catalog.ts';
import { entityName } from '../outsystems/matching.ts';
import { countOf, type Findings, noFindings } from './findings.ts';
import type { Plan } from './plan.ts';
import { quoteFor } from './statements.ts';

/**
 * What a spec or an environment asks for and this version does not do. Each entry goes when its feature comes.
 * @throws DatabaseError
 */
export async function findNotYet(
  spec: MigrationSpec,
  plan: Plan,
  catalogs: { source: EnvironmentCatalog; destination: EnvironmentCatalog },
  destination: Database,
): Promise<Findings> {
  const findings = noFindings();
  const refuse = (message: string) => findings.blocking.push({ code: 'not-supported', entity: '', message });
  if (spec.destinationData === 'delete') {
    refuse('this version does not empty the destination; set "destinationData" to "keep"');
  }
  if (spec.processes !== 'none' && catalogs.source.platformTables.has('OSSYS_BPM_PROCESS')) {
    findings.warnings.push({
      code: 'processes-not-migrated',
      entity: '',
      message: 'this version does not migrate process instances and event subscriptions',
    });
  }
  findings.warnings.push(...(await triggersThatListen(plan, catalogs.destination, destination)));
  return findings;
}

/** Entities whose inserts would start processes in the destination (trap 18). */
async function triggersThatListen(plan: Plan, { entities }: EnvironmentCatalog, destination: Database) {
  const copied = new Set(plan.entities.filter(({ role }) => role === 'copied').map(({ key }) => key));
  const listening = entities.filter(({ key, eventTableName }) => copied.has(key) && eventTableName !== null);
  if (listening.length === 0) return [];
  const tables = await destination.tables(listening.map(({ eventTableName }) => eventTableName!));
  const quote = quoteFor(destination);
  const warnings = [];
  for (const entity of listening) {
    const table = tables.find(({ name }) => name.toUpperCase() === entity.eventTableName!.toUpperCase());
    if (table === undefined) continue;
    const [row] = await destination.query(`select count(*) from ${quote(table.schema)}.${quote(table.name)}`);
    const subscriptions = Number(row![0]);
    if (subscriptions === 0) continue;
    warnings.push({
      code: 'process-triggers',
      entity: entityName(entity),
      message:
        `${countOf(subscriptions, 'event subscription')} in ${table.name} of the destination will see the copied rows and may ` +
        'start processes there: this version does not silence them',
    });
  }
  return warnings;
}
