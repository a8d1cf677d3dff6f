import type { MatchedMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { Findings } from '../plan/findings.ts';
import type { KeyedRowReader } from './keyedRows.ts';
import type { NaturalKey } from './naturalKeys.ts';

/**
 * Maps the rows of one platform table by natural key. A table or column that a side lacks gives an empty map and a
 * warning.
 */
export async function alignPlatformRows(
  readers: { source: KeyedRowReader; destination: KeyedRowReader },
  environments: { source: string; destination: string },
  entity: { key: EntityKey; name: string },
  definition: NaturalKey,
): Promise<{ map: MatchedMap; findings: Findings }> {
  const map: MatchedMap = { entity: entity.key, type: 'integer', pairs: [] };
  const findings = new Findings();
  const sides = {
    source: await readers.source.read(definition),
    destination: await readers.destination.read(definition),
  };
  for (const side of ['source', 'destination'] as const) {
    const rows = sides[side];
    if (!('missing' in rows)) continue;
    findings.add('platform-table-missing', {
      entity: entity.name,
      missing: rows.missing,
      table: definition.table,
      where: environments[side],
    });
  }
  const { source, destination } = sides;
  if ('missing' in source || 'missing' in destination) return { map, findings };
  for (const [sourceId, key] of source.keyOf) {
    // A row whose name is spelled the same comes before one that the collation only takes for equal.
    const spelling = source.spellingOf.get(sourceId);
    const spelled = spelling === undefined ? undefined : destination.spelledIdOf.get(spelling);
    const destinationId = spelled ?? destination.idOf.get(key);
    if (destinationId !== undefined) map.pairs.push([sourceId, destinationId]);
  }
  if (destination.ambiguous > 0) {
    findings.add('natural-key-ambiguous', {
      entity: entity.name,
      table: definition.table,
      keys: destination.ambiguous,
      there: environments.destination,
    });
  }
  return { map, findings };
}
