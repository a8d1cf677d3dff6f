import type { MatchedMap } from '../identity/mapStore.ts';
import type { Environment } from '../outsystems/environment.ts';
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

/**
 * Tenants of the source that the destination lacks: blocking where rows or people to be migrated belong to them (trap 34),
 * else a warning. Tenants are named; a tenant is no person.
 * @param ofPeople tenants of people to be migrated. @throws DatabaseError
 */
export async function missingTenants(
  source: Environment,
  destination: Environment,
  map: MatchedMap,
  name: string,
  references: readonly ReferenceColumn[],
  tenants: ReadonlyMap<string, Tenant>,
  ofPeople: Iterable<string>,
): Promise<Findings> {
  const missing = new Findings();
  const mapped = new Set(map.pairs.map(([sourceId]) => sourceId));
  const ofRows = await referredIds(source.database, references, map.entity);
  const used = new Set([...ofRows, ...ofPeople]);
  const there = destination.catalog.environment;
  for (const { id, name: label } of tenants.values()) {
    if (mapped.has(id)) continue;
    const neededBy = ofRows.has(id) ? 'rows' : used.has(id) ? 'people' : null;
    missing.add('tenant-missing', { entity: name, tenant: label, there, neededBy });
  }
  const unknown = [...ofRows].filter((id) => !tenants.has(id)).length;
  if (unknown > 0) {
    missing.add('tenant-orphaned', { entity: name, tenants: unknown, here: source.catalog.environment });
  }
  return missing;
}
