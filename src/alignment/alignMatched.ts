import type { MatchedMap } from '../identity/mapStore.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { type Environment, entityOf } from '../outsystems/environment.ts';
import { entityName } from '../outsystems/naming.ts';
import { platformEntityKey } from '../outsystems/platform.ts';
import { Findings } from '../plan/findings.ts';
import { KeyedRowReader } from './keyedRows.ts';
import { alignPlatformRows } from './matchPlatformRows.ts';
import { type NaturalKey, naturalKeyOf, naturalKeys } from './naturalKeys.ts';
import { alignStaticRecords } from './staticRecords.ts';

export interface AlignmentRequest {
  source: Environment;
  destination: Environment;
  /** Matched entities that the plan refers to: static entities and platform tables. Others get no map. */
  entities: readonly EntityKey[];
}

export interface Alignment {
  maps: MatchedMap[];
  findings: Findings;
}

/**
 * Maps the rows of matched entities from source to destination by what they are called in both: static records by
 * record key, rows of platform tables by natural key (guide, "Match System Static Entities Records Identifiers"; traps
 * 32 to 38). It reads both databases set-wise and writes nothing. People are matched by people/alignPeople.ts.
 * @throws DatabaseError
 */
export async function alignMatched(request: AlignmentRequest): Promise<Alignment> {
  const { source, destination } = request;
  const alignment: Alignment = { maps: [], findings: new Findings() };
  const readers = {
    source: new KeyedRowReader(source, destination),
    destination: new KeyedRowReader(destination, source),
  };
  const environments = { source: source.catalog.environment, destination: destination.catalog.environment };
  for (const key of new Set(request.entities)) {
    const sourceEntity = entityOf(source, key);
    const entity = sourceEntity ?? entityOf(destination, key);
    if (entity?.kind === 'static') {
      if (sourceEntity === undefined) continue;
      const { map, findings } = await alignStaticRecords(source, destination, sourceEntity);
      alignment.maps.push(map);
      alignment.findings.merge(findings);
      continue;
    }
    if (entity !== undefined && entity.kind !== 'platform') continue;
    const definition = naturalKeyOfEntity(key, entity?.physicalTableName ?? null);
    const name = entity === undefined ? (definition?.table ?? key) : entityName(entity);
    if (definition === undefined) {
      alignment.findings.add('no-natural-key', { entity: name });
      alignment.maps.push({ entity: key, type: 'integer', pairs: [] });
      continue;
    }
    const { map, findings } = await alignPlatformRows(readers, environments, { key, name }, definition);
    alignment.maps.push(map);
    alignment.findings.merge(findings);
  }
  return alignment;
}

function naturalKeyOfEntity(key: EntityKey, physicalTableName: string | null): NaturalKey | undefined {
  return physicalTableName === null
    ? naturalKeys.find(({ table }) => platformEntityKey(table) === key)
    : naturalKeyOf(physicalTableName);
}
