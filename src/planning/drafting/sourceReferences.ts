import type { PhysicalColumn } from '../../database/port.ts';
import type { Attribute, Entity, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { groupBy } from '../../outsystems/grouping.ts';
import { entityName } from '../../outsystems/naming.ts';
import { platformTarget, tenantColumnName, tenantTable, undescribedTable } from '../../outsystems/platform.ts';
import { referenceContext, resolveReference, spelledTarget } from '../../outsystems/references.ts';

/** A column of a source entity that holds identifiers of another entity. */
export interface SourceReference {
  /** Attribute name, or TENANT_ID. */
  name: string;
  /** null for the hidden TENANT_ID. */
  attribute: Attribute | null;
  column: PhysicalColumn | null;
  target: EntityKey;
  targetName: string;
  rule: 'Protect' | 'Delete' | 'Ignore';
}

/** How the entities of the source refer to each other. */
export interface SourceReferences {
  /** What the attribute refers to; null for scalars and unresolved references. */
  of(attribute: Attribute): SourceReference | null;
  /**
   * What a `bt` type refers to, an unresolvable one too: its target then has no rows that anybody knows. Null for any
   * other type.
   */
  ofType(type: string): { target: EntityKey; targetName: string } | null;
  /** The hidden TENANT_ID as a reference (trap 34); null where there is none. */
  tenantOf(entity: Entity): SourceReference | null;
}

/**
 * Reads references off the catalog, soft keys of the spec among them (trap 49). A reference to an external entity that
 * only gives another name to a table of this same database is one to that table's own entity (trap 47).
 */
export function sourceReferences(
  catalog: EnvironmentCatalog,
  softKeys: ReadonlyMap<Attribute, EntityKey>,
): SourceReferences {
  const entities = new Map(catalog.entities.map((entity) => [entity.key, entity]));
  const context = referenceContext(catalog.entities, catalog.formerKeys);
  const stored = catalog.entities.flatMap(({ key, kind, table }) =>
    table === null || kind === 'external' ? [] : [{ key, table: table.name }],
  );
  const owners = groupBy(stored, ({ table }) => table);
  const ownTarget = (target: EntityKey): EntityKey => {
    const entity = entities.get(target);
    // Several entities may describe one platform table; it has one map.
    if (entity?.kind === 'platform' && entity.physicalTableName !== null) {
      return platformTarget(catalog, entity.physicalTableName);
    }
    if (entity?.kind !== 'external' || entity.table === null) return target;
    const [owner, ...others] = owners.get(entity.table.name) ?? [];
    return owner && others.length === 0 ? owner.key : target;
  };
  const nameOf = (target: EntityKey): string => {
    const entity = entities.get(target);
    return entity ? entityName(entity) : (undescribedTable(target) ?? target);
  };
  return {
    of(attribute) {
      const soft = softKeys.get(attribute);
      const spelled = soft ?? attribute.references;
      if (spelled === null) return null;
      const target = ownTarget(spelled);
      return {
        name: attribute.name,
        attribute,
        column: attribute.column,
        target,
        targetName: nameOf(target),
        rule: soft === undefined ? attribute.deleteRule : 'Ignore',
      };
    },
    ofType(type) {
      const spelled = spelledTarget(type);
      if (spelled === null) return null;
      const target = ownTarget(resolveReference({ type, column: null }, null, context) ?? spelled);
      return { target, targetName: nameOf(target) };
    },
    tenantOf(entity) {
      if (entity.tenantColumn === null) return null;
      const target = platformTarget(catalog, tenantTable);
      return {
        name: tenantColumnName,
        attribute: null,
        column: entity.tenantColumn,
        target,
        targetName: nameOf(target),
        rule: 'Ignore',
      };
    },
  };
}
