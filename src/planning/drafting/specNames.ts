import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Attribute, EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { entityName, findAttribute, findEntity } from '../../outsystems/naming.ts';
import { PlanningError } from '../questions/errors.ts';

/** What the names in a spec mean in the source. */
export interface SpecNames {
  ignored: Set<Attribute>;
  softKeys: Map<Attribute, EntityKey>;
}

/**
 * Looks up `ignoreAttributes`, `softKeys` and `alsoDelete`.
 * @throws CatalogError for a name that means nothing; PlanningError for one that cannot be meant.
 */
export function resolveSpecNames(
  spec: MigrationSpec,
  source: EnvironmentCatalog,
  destination: EnvironmentCatalog,
): SpecNames {
  const ignored = new Set<Attribute>();
  for (const name of spec.ignoreAttributes) {
    const { entity, attribute } = findAttribute(source, name);
    if (attribute === entity.identifier) {
      throw new PlanningError(`ignoreAttributes: '${name}' is the identifier of ${entityName(entity)}; remove it`);
    }
    ignored.add(attribute);
  }
  const softKeys = new Map<Attribute, EntityKey>();
  for (const { attribute: name, target: targetName } of spec.softKeys) {
    const { entity, attribute } = findAttribute(source, name);
    const target = findEntity(source, targetName);
    if (attribute === entity.identifier) {
      throw new PlanningError(
        `softKeys: '${name}' is the identifier of ${entityName(entity)}; only other attributes can be soft keys`,
      );
    }
    if (target.identifier === null || target.kind === 'external' || target.kind === 'client') {
      throw new PlanningError(
        `softKeys: '${targetName}' has no identifiers that Caravel maps; name another target for '${name}'`,
      );
    }
    softKeys.set(attribute, target.key);
  }
  // They are emptied in the destination, so that is where they must be.
  for (const name of spec.alsoDelete) findEntity(destination, name);
  return { ignored, softKeys };
}
