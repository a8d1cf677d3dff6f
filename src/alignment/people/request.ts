import type { PhysicalTable } from '../../database/port.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { columnOf, type Environment, requiredTable } from '../../outsystems/environment.ts';
import type { ReferenceColumn } from '../idsReferredTo.ts';
import type { MatchedTenants } from '../tenants.ts';
import type { NamedTable } from './names.ts';
import type { UserStrategy } from './users.ts';

export interface PeopleRequest {
  source: Environment;
  destination: Environment;
  strategy: UserStrategy;
  /** Whether a reference to a user whom nobody may create stands in the way (missingReferences "fail"). */
  mustBeThere: boolean;
  /** People's tables that take part, by upper-case table name: the entity's key, and `Espace.Entity` for people. */
  entities: ReadonlyMap<string, { key: EntityKey; name: string }>;
  /** Columns of the data to be migrated that refer to users and groups. */
  references: readonly ReferenceColumn[];
  tenants: MatchedTenants;
  /** Destination ids of roles by source id. */
  roles: ReadonlyMap<string, string>;
  /** Espaces in scope, by id in the source: name by id of all, and which of them are in scope. */
  espaces: { names: ReadonlyMap<string, string>; inScope: ReadonlySet<string> };
  /** What earlier runs mapped; null for none. */
  known(entity: EntityKey): Promise<IdMap | null>;
}

/** People's tables of a request: which entity each is in the plan, and where it is in the destination. */
export class PeopleEntities {
  readonly #request: Pick<PeopleRequest, 'source' | 'destination' | 'entities'>;

  constructor(request: Pick<PeopleRequest, 'source' | 'destination' | 'entities'>) {
    this.#request = request;
  }

  has(table: string): boolean {
    return this.#request.entities.has(table);
  }

  keyOf(table: string): EntityKey {
    const entity = this.#request.entities.get(table);
    if (entity === undefined) throw new Error(`people are aligned by ${table}, which is no entity of the plan`);
    return entity.key;
  }

  /** What findings call the entity of a table. */
  nameOf(table: string): string {
    return this.#request.entities.get(table)?.name ?? table;
  }

  inDestination(table: string): PhysicalTable {
    return requiredTable(this.#request.destination.catalog, table);
  }

  /** The destination's table with the column by which its rows are known. */
  named(table: string, nameColumn: string): NamedTable {
    const { source, destination } = this.#request;
    const isPerTenant = [source, destination].every(({ catalog }) => {
      const physical = catalog.platformTables.get(table);
      return physical !== undefined && columnOf(physical, 'TENANT_ID') !== undefined;
    });
    return { database: destination.database, table: this.inDestination(table), nameColumn, isPerTenant };
  }
}
