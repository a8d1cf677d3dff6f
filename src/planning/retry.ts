import type { Cell, Database, RowRead } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { page } from '../outsystems/environment.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import type { KeyedEntity, KeyedTable, Plan, PlannedEntity } from '../plan/plan.ts';
import { type HeldReference, referencesIn } from './questions/referenceColumns.ts';

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

/**
 * The rows that are migrated after the cause was mended: those that were set aside, all that belongs to process
 * instances among them, and rows of the source that these refer to and that were never migrated, for that may have been
 * the cause.
 * @returns source ids of entities with identifiers. @throws DatabaseError
 */
export async function rowsToRetry(request: RetryRequest): Promise<Map<EntityKey, string[]>> {
  const search = new RetrySearch(request);
  for (const [entity, { ids }] of request.setAside) search.add(entity, ids);
  await search.finish();
  return new Map([...search.rows].map(([entity, ids]) => [entity, [...ids]]));
}

/** Follows rows to those that belong to them, and to those they refer to. */
class RetrySearch {
  /** Source ids, by entity. */
  readonly rows = new Map<EntityKey, Set<string>>();
  readonly #request: RetryRequest;
  /** Copied entities with identifiers. */
  readonly #copied: ReadonlyMap<EntityKey, KeyedEntity>;
  readonly #maps = new Map<EntityKey, Pick<IdMap, 'get'>>();
  /** Rows that were not followed yet. */
  readonly #waiting: { entity: KeyedEntity; ids: string[] }[] = [];

  constructor(request: RetryRequest) {
    this.#request = request;
    const keyed = request.plan.entities.filter(
      (entity): entity is KeyedEntity => entity.role === 'copied' && entity.identifier !== 'none',
    );
    this.#copied = new Map(keyed.map((entity) => [entity.key, entity]));
  }

  add(key: EntityKey, ids: readonly string[]): void {
    const entity = this.#copied.get(key);
    if (entity === undefined) return;
    const rows = this.rows.get(key) ?? new Set();
    this.rows.set(key, rows);
    const added = ids.filter((id) => !rows.has(id));
    for (const id of added) rows.add(id);
    if (added.length > 0) this.#waiting.push({ entity, ids: added });
  }

  /** @throws DatabaseError */
  async finish(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#addParts(next.entity, next.ids);
      await this.#addTargets(next.entity, next.ids);
    }
  }

  /** Of instances: the rows that are part of them. */
  async #addParts({ key }: KeyedEntity, ids: string[]): Promise<void> {
    for (const part of this.#copied.values()) {
      if (part.partOf?.instances !== key || part.key === key) continue;
      this.add(part.key, await partsOf(this.#request.source, part, { column: part.partOf.column, keys: ids }));
    }
  }

  /** Rows that were never migrated, of those referred to. */
  async #addTargets(entity: KeyedEntity, ids: string[]): Promise<void> {
    const { source } = this.#request;
    for (const [key, referred] of await referredIn(source, entity, ids)) {
      const target = this.#copied.get(key);
      if (target === undefined) continue;
      const map = await this.#mapOf(key);
      const unmapped = [...referred].filter((id) => map.get(id) === undefined);
      this.add(key, await present(source, target, unmapped));
    }
  }

  async #mapOf(entity: EntityKey): Promise<Pick<IdMap, 'get'>> {
    const map = this.#maps.get(entity) ?? (await this.#request.mapOf(entity));
    this.#maps.set(entity, map);
    return map;
  }
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
function partsOf(
  source: Database,
  { source: table }: KeyedEntity,
  among: NonNullable<RowRead['among']>,
): Promise<string[]> {
  return idsIn(source, table, { among });
}

/** Of these ids, those that the source has. */
async function present(source: Database, { source: table }: KeyedEntity, ids: string[]): Promise<string[]> {
  return ids.length === 0 ? [] : idsIn(source, table, { keys: ids });
}

async function idsIn(
  source: Database,
  { schema, table: name, identifier }: KeyedTable,
  selection: Pick<RowRead, 'keys' | 'among'>,
): Promise<string[]> {
  const ids: string[] = [];
  const read: RowRead = { table: { schema, name }, columns: [identifier], key: identifier, batch: page, ...selection };
  for await (const rows of source.readRows(read)) for (const [id] of rows) ids.push(String(id));
  return ids;
}

/** What rows refer to, by target. */
async function referredIn(source: Database, entity: KeyedEntity, ids: string[]): Promise<Map<EntityKey, Set<string>>> {
  const referred = new Map<EntityKey, Set<string>>();
  const held = entity.columns.flatMap((column) => referencesIn(entity, column));
  if (held.length === 0) return referred;
  const { schema, table: name, identifier } = entity.source;
  const referring = held.flatMap(({ source: column, typed }) => (typed === null ? [column] : [column, typed.column]));
  const columns = [...new Set([identifier, ...referring])];
  const pages = source.readRows({ table: { schema, name }, columns, key: identifier, keys: ids, batch: page });
  for await (const rows of pages) {
    for (const row of rows) {
      const cellOf = (column: string) => row[columns.indexOf(column)];
      for (const [target, id] of held.flatMap((reference) => idHeld(reference, cellOf))) {
        referred.set(target, (referred.get(target) ?? new Set()).add(id));
      }
    }
  }
  return referred;
}

/** The id that a row refers to by this reference, with its target; none where it does not. */
function idHeld(
  { source, reference, typed }: HeldReference,
  cellOf: (column: string) => Cell | undefined,
): [EntityKey, string][] {
  if (typed !== null && !typed.types.includes(String(cellOf(typed.column)).toLowerCase())) return [];
  const id = cellOf(source);
  if (reference.missing === 'keep' || typeof id !== 'string' || isNullIdentifier(id)) return [];
  return [[reference.target, id]];
}
