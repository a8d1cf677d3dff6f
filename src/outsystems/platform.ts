import type { Entity, EntityKey, EnvironmentCatalog } from './catalog.ts';

/** Owner half of the keys of platform tables that no row of OSSYS_ENTITY describes. */
const undescribed = 'platform';

/** Upper-case name of the table in which tenants are kept; hidden TENANT_ID columns refer to it (trap 34). */
export const tenantTable = 'OSSYS_TENANT';
/** Name of the hidden column of multi-tenant entities. */
export const tenantColumnName = 'TENANT_ID';

/**
 * Key of a platform table that OSSYS_ENTITY does not describe, stable across environments: `platform*ossys_tenant`.
 * Where OSSYS_ENTITY does describe it, `platformEntity` has the entity and its own key.
 */
export function platformEntityKey(tableName: string): EntityKey {
  return `${undescribed}*${tableName.toLowerCase()}`;
}

/** Upper-case name of the table that a key of `platformEntityKey` stands for; null for any other key. */
export function undescribedTable(key: EntityKey): string | null {
  const [owner, table] = key.split('*') as [string, string];
  return owner === undescribed ? table.toUpperCase() : null;
}

/** The entity by which an environment's metamodel describes a platform table; undefined where none does. */
export function platformEntity(catalog: EnvironmentCatalog, tableName: string): Entity | undefined {
  const upperCaseName = tableName.toUpperCase();
  const claimants = catalog.entities.filter(
    (entity) => entity.kind === 'platform' && entity.physicalTableName?.toUpperCase() === upperCaseName,
  );
  // Keys are the same everywhere, so the smallest one is the same choice in both environments.
  return claimants.sort((left, right) => (left.key < right.key ? -1 : 1))[0];
}

/** Key by which references to a platform table are planned: its entity's where OSSYS_ENTITY has one. */
export function platformTarget(catalog: EnvironmentCatalog, tableName: string): EntityKey {
  return platformEntity(catalog, tableName)?.key ?? platformEntityKey(tableName);
}
