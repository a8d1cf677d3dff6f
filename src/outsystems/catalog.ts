import type { PhysicalColumn, PhysicalTable } from '../database/port.ts';

/**
 * An environment as the platform's metamodel describes it (OSSYS_*), active rows only, with the physical tables found
 * in the database's own catalog. Keys are SS_Keys in lower case.
 */
export interface EnvironmentCatalog {
  /** The environment's name in caravel.json. */
  environment: string;
  applications: Application[];
  solutions: Solution[];
  espaces: Espace[];
  entities: Entity[];
  /** Keys of inactive entities: what a move or a deletion left behind (trap 2). */
  formerKeys: Set<EntityKey>;
  /** Records of static entities (OSSYS_ENTITY_RECORD), active ones. */
  records: StaticRecord[];
  /** OSSYS_ tables that exist, by upper-case name, with the columns that this platform version really has. */
  platformTables: Map<string, PhysicalTable>;
}

export interface Application {
  id: string;
  name: string;
  key: string;
  /** Ids of its modules' espaces. */
  espaceIds: string[];
  /** Ids of its modules' extensions; numbered apart from espaces, the same number may mean both. */
  extensionIds: string[];
  /** Switched off in Service Center; null where this platform version does not say. */
  disabled: boolean | null;
}

export interface Solution {
  id: string;
  name: string;
  espaceIds: string[];
  extensionIds: string[];
}

/** An espace or an extension: what owns entities. */
export interface Espace {
  kind: 'espace' | 'extension';
  id: string;
  name: string;
  key: string;
  active: boolean;
  system: boolean;
  multiTenant: boolean;
  /** Somebody has locked the module. */
  locked: boolean;
}

/** `<espace SS_Key>*<entity SS_Key>`, lower case. The only name of an entity that holds across environments. */
export type EntityKey = string;

export type EntityKind = 'entity' | 'static' | 'platform' | 'external' | 'client';

export interface Entity {
  key: EntityKey;
  id: string;
  name: string;
  espace: Espace;
  kind: EntityKind;
  multiTenant: boolean;
  /** As OSSYS_ENTITY has it; null for client entities. */
  physicalTableName: string | null;
  /** The table the database really has under that name; null where there is none (external, client, missing). */
  table: PhysicalTable | null;
  /**
   * The table that EVENT_TABLE_NAME names, which holds the subscriptions to the entity's events; null where no process
   * listens (trap 19).
   */
  eventTable: PhysicalTable | null;
  attributes: Attribute[];
  /** The identifier attribute; null for an entity without one. */
  identifier: Attribute | null;
  /** Hidden TENANT_ID column of the table (trap 34); null where it has none. */
  tenantColumn: PhysicalColumn | null;
}

export interface Attribute {
  id: string;
  name: string;
  key: string;
  /** As OSSYS_ENTITY_ATTR has it: `rtText`, … or `bt<espace>*<entity>`. */
  type: string;
  length: number;
  decimals: number;
  mandatory: boolean;
  autoNumber: boolean;
  deleteRule: 'Protect' | 'Delete' | 'Ignore';
  /** Its physical column; null where the table lacks it. */
  column: PhysicalColumn | null;
  /**
   * Key of the entity that a `bt` type names, resolved (references.ts); null for scalars and where it resolves to
   * nothing.
   */
  references: EntityKey | null;
}

export interface StaticRecord {
  /** `<espace key>*<entity key>`. */
  entity: EntityKey;
  key: string;
  name: string;
  /** The record's identifier in this environment, as text. */
  dataId: string;
}
