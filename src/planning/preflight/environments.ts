import type { Database, EngineName, ServerFacts } from '../../database/port.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';

const productNames: Record<EngineName, string> = { postgres: 'PostgreSQL', sqlserver: 'SQL Server' };
/** SQL Server 2016's: DROP … IF EXISTS and what else the adapter's statements need. */
const leastCompatibilityLevel = 130;
const littleLog = 1024 ** 3;

/**
 * What the two servers say of themselves. Nothing of it stands in the way; the guide asks for the same engine and
 * version on both sides (metamodel §6), and an operator wants to know of the rest before the night.
 * @throws DatabaseError
 */
export async function checkEnvironments(
  source: Database,
  destination: Database,
  drafts: readonly Draft[],
): Promise<Findings> {
  const [ofSource, ofDestination] = [await source.facts(), await destination.facts()];
  const findings = new Findings();

  const here = { name: source.name, server: serverOf(source, ofSource), collation: ofSource.collation };
  const there = {
    name: destination.name,
    server: serverOf(destination, ofDestination),
    collation: ofDestination.collation,
  };
  if (here.server !== there.server) findings.add('engine-differs', { here, there });
  for (const [database, { compatibilityLevel }] of [
    [source, ofSource] as const,
    [destination, ofDestination] as const,
  ]) {
    if (compatibilityLevel !== null && compatibilityLevel < leastCompatibilityLevel) {
      findings.add('old-compatibility-level', {
        database: database.name,
        level: compatibilityLevel,
        least: leastCompatibilityLevel,
      });
    }
  }
  if (source.engine === destination.engine && here.collation !== there.collation) {
    findings.add('collation-differs', { here, there });
  }
  if (ofSource.readsWait) findings.add('reads-wait', { database: source.name });
  if (ofDestination.recoveryModel === 'FULL' && ofDestination.freeLog !== null && ofDestination.freeLog < littleLog) {
    findings.add('little-log-space', { database: destination.name, megabytes: ofDestination.freeLog / 1024 ** 2 });
  }
  return findings.merge(uncheckedReferences(destination, drafts));
}

function serverOf({ engine }: Database, { version }: ServerFacts): string {
  return `${productNames[engine]} ${version.split('.')[0]}`;
}

/** Constraints of the destination that let rows in, or have let rows in, that break them. */
function uncheckedReferences(destination: Database, drafts: readonly Draft[]): Findings {
  const findings = new Findings();
  for (const draft of drafts) {
    for (const { name, enabled, trusted } of draft.destination.foreignKeys) {
      const facts = { entity: draft.name, constraint: name, there: destination.name };
      if (!enabled) findings.add('foreign-key-disabled', facts);
      else if (!trusted) findings.add('foreign-key-not-trusted', facts);
    }
  }
  return findings;
}
