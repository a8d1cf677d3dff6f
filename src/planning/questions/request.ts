import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { Database } from '../../database/port.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import type { Environment } from '../../outsystems/environment.ts';
import type { FindingLists } from '../../plan/findings.ts';
import type { Plan } from '../../plan/plan.ts';

/** What a plan is made of. */
export interface PlanRequest {
  spec: MigrationSpec;
  source: Database;
  destination: Database;
  /** What the journal knows; left out where there is no journal. */
  earlier?: EarlierRuns;
  /** Largest source ids to look at, as an earlier plan had them; of a retry, which is not about what came since. */
  bounds?: ReadonlyMap<EntityKey, string>;
}

/** What earlier runs did between the two environments, and what another run does now. */
export interface EarlierRuns {
  /** Where rows of an entity lead that were migrated before; null where none were. */
  mapOf(entity: EntityKey): Promise<IdMap | null>;
  /** What follows for a plan that is complete but for its findings. */
  findingsOn(plan: PlanOutline): Promise<FindingLists>;
}

/** What a plan moves and deletes. */
export type PlanOutline = Pick<Plan, 'source' | 'destination' | 'entities' | 'emptied'>;

/** The two environments between which data is moved, with what their metamodels say. */
export interface Environments {
  source: Environment;
  destination: Environment;
}

/** What every step of planning looks at. */
export interface Migration extends Environments {
  spec: MigrationSpec;
}
