import type { MatchedMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { Finding } from '../plan/finding.ts';
import type { KeyedRowReader } from './keyedRows.ts';
import type { NaturalKey } from './naturalKeys.ts';

/** Maps the rows of one platform table by natural key. A table or column that a side lacks gives an empty map and a warning. */
export async function alignPlatformRows(
  readers: { source: KeyedRowReader; destination: KeyedRowReader },
  environments: { source: string; destination: string },
  entity: { key: EntityKey; name: string },
  definition: NaturalKey,
): Promise<{ map: MatchedMap; warnings: Finding[] }> {
  const map: MatchedMap = { entity: entity.key, type: 'integer', pairs: [] };
  const warnings: Finding[] = [];
  const sides = {
    source: await readers.source.read(definition),
    destination: await readers.destination.read(definition),
  };
  for (const side of ['source', 'destination'] as const) {
    const rows = sides[side];
    if (!('missing' in rows)) continue;
    warnings.push({
      code: 'platform-table-missing',
      entity: entity.name,
      message: `'${environments[side]}' has no ${rows.missing}: nothing that refers to ${definition.table} can be mapped`,
    });
  }
  const { source, destination } = sides;
  if ('missing' in source || 'missing' in destination) return { map, warnings };
  for (const [sourceId, key] of source.keyOf) {
    // A row whose name is spelled the same comes before one that the collation only takes for equal.
    const spelling = source.spellingOf.get(sourceId);
    const spelled = spelling === undefined ? undefined : destination.spelledIdOf.get(spelling);
    const destinationId = spelled ?? destination.idOf.get(key);
    if (destinationId !== undefined) map.pairs.push([sourceId, destinationId]);
  }
  if (destination.ambiguous > 0) {
    warnings.push({
      code: 'natural-key-ambiguous',
      entity: entity.name,
      message:
        `in '${environments.destination}' ${destination.ambiguous} natural keys of ${definition.table} belong to several rows; ` +
        'the one spelled alike is taken, else the active one, then the lowest id',
    });
  }
  return { map, warnings };
}
