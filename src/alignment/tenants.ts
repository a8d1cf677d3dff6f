import type { MatchedMap } from '../identity/mapStore.ts';
import type { Environment } from '../outsystems/environment.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import { tenantTable } from '../outsystems/platform.ts';
import { Findings } from '../plan/findings.ts';
import { type ReferenceColumn, referredIds } from './idsReferredTo.ts';
import { platformRows } from './platformTable.ts';

export interface Tenant {
  id: string;
  name: string;
  /** IT users', of Service Center: matched, never inserted (guide, "05 Application Users"; trap 35). */
  isIt: boolean;
}

/** Tenants of the source by id, and the destination's ids of those that it has. */
export interface MatchedTenants {
  rows: ReadonlyMap<string, Tenant>;
  map: ReadonlyMap<string, string>;
}

/** The destination's id of a tenant; null for rows without tenant, and where the destination lacks it. */
export function counterpartOf({ map }: MatchedTenants, tenantId: string | null): string | null {
  return tenantId === null ? null : (map.get(tenantId) ?? null);
}

/** Whether the destination has what a row of this tenant belongs to: its tenant, or nothing where it has none. */
export function hasPlace({ map }: MatchedTenants, tenantId: string | null): boolean {
  return tenantId === null || isNullIdentifier(tenantId) || map.has(tenantId);
}

/** Tenants of an environment by id. @throws DatabaseError */
export async function readTenants(environment: Environment): Promise<Map<string, Tenant>> {
  const itEspaces = new Set<string>();
  for await (const [id, name] of platformRows(environment, 'OSSYS_ESPACE', ['ID', 'NAME'])) {
    if (isServiceCenter(String(name))) itEspaces.add(String(id));
  }
  const tenants = new Map<string, Tenant>();
  for await (const [id, name, espace] of platformRows(environment, tenantTable, ['ID', 'NAME', 'ESPACE_ID'])) {
    const isIt = itEspaces.has(String(espace)) || isServiceCenter(String(name));
    tenants.set(String(id), { id: String(id), name: String(name ?? ''), isIt });
  }
  return tenants;
}

/** The module that provides IT users, and its only tenant, are called so (docs/metamodel.md §3). */
const isServiceCenter = (name: string) => name.replace(/[\s_-]/g, '').toLowerCase() === 'servicecenter';

/** The tenants of the source, which of them the destination has, and what belongs to them. */
export interface UsedTenants {
  /** `Espace.Entity` of the tenants, for people. */
  entity: string;
  rows: ReadonlyMap<string, Tenant>;
  map: MatchedMap;
  /** Columns of the data to be migrated that refer to tenants. */
  references: readonly ReferenceColumn[];
  /** Source ids of the tenants of people to be migrated. */
  ofPeople: Iterable<string>;
}

/**
 * Tenants of the source that the destination lacks: blocking where rows or people to be migrated belong to them
 * (trap 34), else a warning. Tenants are named; a tenant is no person.
 * @throws DatabaseError
 */
export async function findMissingTenants(
  source: Environment,
  destination: Environment,
  { entity, rows, map, references, ofPeople }: UsedTenants,
): Promise<Findings> {
  const missing = new Findings();
  const mapped = new Set(map.pairs.map(([sourceId]) => sourceId));
  const referredByRows = await referredIds(source.database, references, map.entity);
  const usedByPeople = new Set(ofPeople);
  const there = destination.catalog.environment;
  for (const { id, name } of rows.values()) {
    if (mapped.has(id)) continue;
    const neededBy = referredByRows.has(id) ? 'rows' : usedByPeople.has(id) ? 'people' : null;
    missing.add('tenant-missing', { entity, tenant: name, there, neededBy });
  }
  const orphans = [...referredByRows].filter((id) => !rows.has(id)).length;
  if (orphans > 0) {
    missing.add('tenant-orphaned', { entity, tenants: orphans, here: source.catalog.environment });
  }
  return missing;
}
