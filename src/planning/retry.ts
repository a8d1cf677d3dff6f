import type { Cell, Database } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { type KeyedEntity, type Plan, type PlannedEntity, type PlannedReference, referencesOf } from '../plan/plan.ts';

/** Rows of one entity that a run set aside. */
export interface SetAsideRows {
  /** By source id. */
  ids: string[];
  /** Rows without an identifier. */
  withoutId: number;
}

interface RetryRequest {
  source: Database;
  plan: Plan;
  setAside: ReadonlyMap<EntityKey, SetAsideRows>;
  /** Where rows of an entity lead that are in the destination already. */
  mapOf(entity: EntityKey): Promise<Pick<IdMap, 'get'>>;
}

const page = { rows: 5_000, bytes: 4 * 1024 * 1024 };

/**
 * The rows that are migrated after the cause was mended: those that were set aside, all that belongs to process instances among
 * them, and rows of the source that these refer to and that were never migrated, for that may have been the cause.
 * @returns source ids of entities with identifiers. @throws DatabaseError
 */
export async function rowsToRetry(request: RetryRequest): Promise<Map<EntityKey, string[]>> {
  const { source, plan, setAside } = request;
  const keyed = plan.entities.filter(
    (entity): entity is KeyedEntity => entity.role === 'copied' && entity.identifier !== 'none',
  );
  const copied = new Map(keyed.map((one) => [one.key, one]));
  const found = new Map<EntityKey, Set<string>>();
  const waiting: [EntityKey, string[]][] = [];
  const add = (entity: EntityKey, ids: readonly string[]) => {
    if (!copied.has(entity)) return;
    const known = found.get(entity) ?? new Set();
    found.set(entity, known);
    const fresh = ids.filter((id) => !known.has(id));
    for (const id of fresh) known.add(id);
    if (fresh.length > 0) waiting.push([entity, fresh]);
  };
  for (const [entity, { ids }] of setAside) add(entity, ids);
  const maps = new Map<EntityKey, Pick<IdMap, 'get'>>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [key, ids] = next;
    for (const part of copied.values()) {
      if (part.partOf?.instances === key && part.key !== key) add(part.key, await partsOf(source, part, ids));
    }
    for (const [target, values] of await referredIn(source, copied.get(key)!, ids)) {
      const planned = copied.get(target);
      if (planned === undefined) continue;
      if (!maps.has(target)) maps.set(target, await request.mapOf(target));
      const unknown = [...values].filter((id) => maps.get(target)!.get(id) === undefined);
      add(target, await present(source, planned, unknown));
    }
  }
  return new Map([...found].map(([entity, ids]) => [entity, [...ids]]));
}

/** The plan of a retry: the rows that it is about, however far the source has gone on. */
export function planOfRetry(plan: Plan, rows: ReadonlyMap<EntityKey, readonly string[]>): Plan {
  const entities = plan.entities.map((entity): PlannedEntity => {
    if (entity.role !== 'copied' || entity.identifier === 'none') return entity;
    return { ...entity, bound: null, rows: rows.get(entity.key)?.length ?? 0 };
  });
  return { ...plan, entities };
}

/** Entities of which a retry has nothing to do. */
export function untouched(
  plan: Plan,
  rows: ReadonlyMap<EntityKey, readonly string[]>,
  setAside: ReadonlyMap<EntityKey, SetAsideRows>,
): Set<EntityKey> {
  const idle = plan.entities.filter(({ key, role, identifier }) => {
    if (role !== 'copied') return false;
    return identifier === 'none' ? (setAside.get(key)?.withoutId ?? 0) === 0 : (rows.get(key)?.length ?? 0) === 0;
  });
  return new Set(idle.map(({ key }) => key));
}

/** Ids of the rows that are part of these instances. */
async function partsOf(source: Database, { source: table, partOf }: KeyedEntity, owners: string[]): Promise<string[]> {
  const found: string[] = [];
  const pages = source.readRows({
    table: { schema: table.schema, name: table.table },
    columns: [table.identifier],
    key: table.identifier,
    among: { column: partOf!.column, keys: owners },
    batch: page,
  });
  for await (const rows of pages) for (const [id] of rows) found.push(String(id));
  return found;
}

/** Of these ids, those that the source has. */
async function present(source: Database, { source: table }: KeyedEntity, ids: string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const found: string[] = [];
  const { schema, table: name, identifier } = table;
  const pages = source.readRows({
    table: { schema, name },
    columns: [identifier],
    key: identifier,
    keys: ids,
    batch: page,
  });
  for await (const rows of pages) for (const [id] of rows) found.push(String(id));
  return found;
}

/** What rows refer to, by target. */
async function referredIn(source: Database, entity: KeyedEntity, ids: string[]): Promise<Map<EntityKey, Set<string>>> {
  const referring = entity.columns.flatMap((column) => {
    const { handling } = column;
    if (handling.as !== 'reference' && handling.as !== 'typed') return [];
    const type = handling.as === 'typed' ? handling.type : null;
    return referencesOf(column).map(({ types, reference }) => {
      return { column: handling.source, type, types, reference: entity.references[reference]! };
    });
  });
  const found = new Map<EntityKey, Set<string>>();
  if (referring.length === 0) return found;
  const { schema, table: name, identifier } = entity.source;
  const columns = [
    ...new Set([identifier, ...referring.flatMap(({ column, type }) => (type === null ? [column] : [column, type]))]),
  ];
  const note = ({ target, missing }: PlannedReference, value: Cell) => {
    if (missing === 'keep' || typeof value !== 'string' || value === '' || value === '0') return;
    found.set(target, (found.get(target) ?? new Set()).add(value));
  };
  const pages = source.readRows({ table: { schema, name }, columns, key: identifier, keys: ids, batch: page });
  for await (const rows of pages) {
    for (const row of rows) {
      for (const { column, type, types, reference } of referring) {
        const isMeant = type === null || types!.includes(String(row[columns.indexOf(type)]).toLowerCase());
        if (isMeant) note(reference, row[columns.indexOf(column)]!);
      }
    }
  }
  return found;
}
