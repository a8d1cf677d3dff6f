import type { Database, EngineName, ServerFacts } from '../../database/port.ts';
import type { Finding } from '../../plan/finding.ts';
import type { Findings } from '../../plan/findings.ts';
import { grouped } from '../../wording/counts.ts';
import type { Draft } from '../drafting/draft.ts';

const productNames: Record<EngineName, string> = { postgres: 'PostgreSQL', sqlserver: 'SQL Server' };
/** SQL Server 2016's: DROP … IF EXISTS and what else the adapter's statements need. */
const leastCompatibilityLevel = 130;
const littleLog = 1024 ** 3;

/**
 * What the two servers say of themselves. Nothing of it stands in the way; the guide asks for the same engine and version on
 * both sides (metamodel §6), and an operator wants to know of the rest before the night.
 * @throws DatabaseError
 */
export async function checkEnvironments(
  source: Database,
  destination: Database,
  drafts: readonly Draft[],
): Promise<Findings> {
  const [ofSource, ofDestination] = [await source.facts(), await destination.facts()];
  const warnings: Finding[] = [];
  const warn = (code: string, message: string) => warnings.push({ code, entity: '', message });

  const [here, there] = [describe(source, ofSource), describe(destination, ofDestination)];
  if (here !== there) {
    warn(
      'engine-differs',
      `'${source.name}' is ${here}, '${destination.name}' is ${there}; the same on both is advised`,
    );
  }
  for (const [database, { compatibilityLevel }] of [
    [source, ofSource] as const,
    [destination, ofDestination] as const,
  ]) {
    if (compatibilityLevel !== null && compatibilityLevel < leastCompatibilityLevel) {
      warn(
        'old-compatibility-level',
        `'${database.name}' has compatibility level ${compatibilityLevel}; from ${leastCompatibilityLevel} on is supported`,
      );
    }
  }
  if (source.engine === destination.engine && ofSource.collation !== ofDestination.collation) {
    warn(
      'collation-differs',
      `'${source.name}' compares texts by ${ofSource.collation}, '${destination.name}' by ${ofDestination.collation}: ` +
        'what is unique in one need not be in the other',
    );
  }
  if (ofSource.readsWait) {
    warn(
      'reads-wait',
      `reading '${source.name}' waits for whoever writes there; ` +
        'a database administrator can allow it not to: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION ON',
    );
  }
  if (ofDestination.recoveryModel === 'FULL' && ofDestination.freeLog !== null && ofDestination.freeLog < littleLog) {
    const megabytes = grouped(ofDestination.freeLog / 1024 ** 2);
    warn(
      'little-log-space',
      `the transaction log of '${destination.name}' has ${megabytes} MB left; every row goes through it`,
    );
  }
  return { blocking: [], warnings: [...warnings, ...uncheckedReferences(destination, drafts)] };
}

function describe({ engine }: Database, { version }: ServerFacts): string {
  return `${productNames[engine]} ${version.split('.')[0]}`;
}

/** Constraints of the destination that let rows in, or have let rows in, that break them. */
function uncheckedReferences(destination: Database, drafts: readonly Draft[]): Finding[] {
  return drafts.flatMap((draft) =>
    draft.destination.foreignKeys
      .filter(({ enabled, trusted }) => !enabled || !trusted)
      .map(({ name, enabled }) => ({
        code: enabled ? 'foreign-key-not-trusted' : 'foreign-key-disabled',
        entity: draft.name,
        message: enabled
          ? `the constraint ${name} in '${destination.name}' was never checked against the rows that are there`
          : `the constraint ${name} in '${destination.name}' is disabled`,
      })),
  );
}
