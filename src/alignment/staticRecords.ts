import type { MatchedMap } from '../identity/mapStore.ts';
import type { Entity, EntityKey, StaticRecord } from '../outsystems/catalog.ts';
import { type Environment, entityOf, page } from '../outsystems/environment.ts';
import { entityName } from '../outsystems/naming.ts';
import { Findings } from '../plan/findings.ts';
import { foldText } from './collation.ts';

/**
 * Maps the records of one static entity through OSSYS_ENTITY_RECORD: active records of both sides with the same espace,
 * entity and record key (guide, "Match System Static Entities Records Identifiers"; traps 32, 33). A record that only
 * the source has, or whose row the destination lacks, stays unmapped with a warning: it matters only where rows refer
 * to it.
 * @param entity of the source
 */
export async function alignStaticRecords(
  source: Environment,
  destination: Environment,
  entity: Entity,
): Promise<{ map: MatchedMap; findings: Findings }> {
  const { key } = entity;
  const counterpartEntity = entityOf(destination, key);
  const type = [entity, counterpartEntity].every((one) => one?.identifier?.column?.kind === 'integer')
    ? 'integer'
    : 'text';
  const map: MatchedMap = { entity: key, type, pairs: [] };
  const findings = new Findings();
  const name = entityName(entity);
  const there = destination.catalog.environment;
  if (counterpartEntity === undefined) {
    findings.add('static-entity-missing', { entity: name, there });
    return { map, findings };
  }
  const sourceRows = await physicalIds(source, entity);
  const destinationRows = await physicalIds(destination, counterpartEntity);
  const counterparts = recordsByKey(destination, key);
  for (const record of recordsByKey(source, key).values()) {
    const counterpart = counterparts.get(record.key);
    if (counterpart === undefined) {
      findings.add('static-record-missing', { entity: name, record: record.name, there });
      continue;
    }
    const given = identifierOf(counterpart, type);
    const destinationId = destinationRows === null ? given : physicalId(destinationRows, given);
    if (destinationId === undefined) {
      findings.add('static-row-missing', { entity: name, record: record.name, there });
      continue;
    }
    const sourceId = identifierOf(record, type);
    map.pairs.push([(sourceRows && physicalId(sourceRows, sourceId)) ?? sourceId, destinationId]);
  }
  return { map, findings };
}

function recordsByKey({ catalog }: Environment, entity: EntityKey): Map<string, StaticRecord> {
  return new Map(catalog.records.filter((record) => record.entity === entity).map((record) => [record.key, record]));
}

/**
 * Ids of a static table's rows as they are spelled there, by that spelling and by the folded one; null where there is
 * no table to look into.
 */
async function physicalIds({ database }: Environment, entity: Entity): Promise<Map<string, string> | null> {
  const { table } = entity;
  const column = entity.identifier?.column?.name;
  if (table === null || column === undefined) return null;
  const ids = new Map<string, string>();
  const pages = database.readRows({
    table: { schema: table.schema, name: table.name },
    columns: [column],
    key: null,
    batch: page,
  });
  for await (const rows of pages) {
    for (const [cell] of rows) {
      const id = String(cell);
      if (!ids.has(foldText(id))) ids.set(foldText(id), id);
      ids.set(id, id);
    }
  }
  return ids;
}

function physicalId(rows: Map<string, string>, id: string): string | undefined {
  return rows.get(id) ?? rows.get(foldText(id));
}

/** DATA_ID is text also where it stands for an integer, and may then be written as no database writes one: ` 07`. */
function identifierOf({ dataId }: StaticRecord, type: 'integer' | 'text'): string {
  const digits = dataId.trim();
  return type === 'integer' && /^-?\d+$/.test(digits) ? String(BigInt(digits)) : dataId;
}
