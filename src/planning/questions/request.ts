import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Database } from '../../database/port.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey, EnvironmentCatalog } from '../../outsystems/catalog.ts';

/** What a plan is made of. */
export interface PlanRequest {
  spec: MigrationSpec;
  source: Database;
  destination: Database;
  /** What earlier runs mapped of an entity; null where there is no journal, or nothing in it. */
  known?: (entity: EntityKey) => Promise<IdMap | null>;
  /** Largest source ids to look at, as an earlier plan had them; of a retry, which is not about what came since. */
  bounds?: ReadonlyMap<EntityKey, string>;
}

/** Both environments as their metamodels describe them. */
export interface Catalogs {
  source: EnvironmentCatalog;
  destination: EnvironmentCatalog;
}
