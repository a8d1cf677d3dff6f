import type { ColumnKind, TableName } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { EventTable, Queue } from './eventTable.ts';
import type { Finding } from './finding.ts';
import type { PeopleSummary, ProcessSummary } from './summaries.ts';

/** A column of another table. */
export interface ColumnOf {
  schema: string;
  table: string;
  column: string;
}

/** How rows of an aligned entity are known in the destination, and what else becomes of those that are there. */
export interface AlignedRows {
  /** Columns of the destination by whose values, together, a row is known. */
  on: string[];
  /** Columns of the destination that no proof compares: they change with every use. */
  volatile: string[];
  /** Columns of the destination that are overwritten in matched rows. */
  overwritten: string[];
  /**
   * Of rows that are deleted and inserted anew: columns of other tables by which rows are deleted with them, and
   * columns that are led to the new row. Null where none is.
   */
  recreation: { deleted: ColumnOf[]; repointed: ColumnOf[] } | null;
}

/** How rows hang on process instances, some of which stay behind (src/processes/exclusions.ts). */
export interface PartOf {
  instances: EntityKey;
  /** Column of the source that holds the instance's id. */
  column: string;
  /** Of processes themselves: why some are set aside, in the order of their lists in the journal. */
  reasons?: string[];
}

/** Of the document below: to be raised with each change that a worker of another release would misread. */
export const planFormat = 1;

/**
 * What a run will do, decided once from both catalogs and kept in the journal. Everything physical is resolved here.
 */
export interface Plan {
  source: string;
  destination: string;
  /** In the order in which they can be written. */
  entities: PlannedEntity[];
  blocking: Finding[];
  warnings: Finding[];
  /** What becomes of people and of what they are allowed. */
  people?: PeopleSummary;
  /** Rows to come that unique indexes of the destination do not let in. */
  conflicts?: Conflicts[];
  /** What becomes of process instances; left out where there are none. */
  processes?: ProcessSummary;
  /** Event tables that are emptied while the run writes, or to which subscriptions are added. */
  events?: EventTable[];
  /** How long the run would take; left out where nothing could be measured. */
  estimate?: Estimate;
  /** Tables of the destination that are emptied first, in that order; left out where none is. */
  emptied?: EmptiedTable[];
  /** Digests of what the written entities look like in both environments, by key (schemaDigest.ts). */
  schema?: Record<EntityKey, string>;
  /** The destination's queues of events, as they stand when the plan is made. */
  queues?: Queue[];
}

/** How long a run would take, from a sample that was measured on the two databases. */
export interface Estimate {
  seconds: number;
  rowsPerSecond: number;
  /**
   * What was measured: rows read from the source and put into a temporary table of the destination, which was given up.
   */
  sample: { entity: string; rows: number };
}

/** An entity's table in one environment. */
export interface PhysicalEntity {
  schema: string;
  table: string;
  /** Identifier column; null where the entity has none. */
  identifier: string | null;
}

export interface KeyedTable extends PhysicalEntity {
  identifier: string;
}

/**
 * How rows get their identifier in the destination (docs/architecture.md, "The batch protocol"):
 * minted: the destination's identity; kept: text, GUID and manual ids stay as they are;
 * reference: a 1:1 extension, its id is its target's; none: no identifier at all.
 */
export type IdentifierKind = 'minted' | 'kept' | 'reference' | 'none';

/** What is said of every entity, whatever becomes of its rows. */
interface EntityFacts {
  key: EntityKey;
  espace: string;
  entity: string;
  /** 1-based place in the order; entities of one strongly connected component follow each other. */
  order: number;
  /** Ordinal of its strongly connected component. */
  component: number;
  /** Rows in the source when the plan was made. */
  rows: number;
  /**
   * Largest source id the run reads (integer ids); null: all rows, or of an aligned entity those that alignment decided
   * on.
   */
  bound: string | null;
  /** Every column the copy writes in the destination. Empty unless copied or aligned. */
  columns: PlannedColumn[];
  references: PlannedReference[];
  /**
   * Unique indexes of the destination that rows to come may clash with, each by its columns; left out where there is
   * none.
   */
  unique?: string[][];
  /** Only of tables of process instances: the instance that a row is part of, and stays behind with. */
  partOf?: PartOf;
  /**
   * Entities whose rows must all be there before this one's first row: targets of its references that are not deferred.
   */
  after: EntityKey[];
  /** What differs between the two definitions, for people. */
  differences: string[];
}

/** Its rows are known by an identifier. */
interface WithIdentifier {
  identifier: Exclude<IdentifierKind, 'none'>;
  /** Identifiers are integers (translated as 64-bit numbers) or text. */
  identifierType: 'integer' | 'text';
  source: KeyedTable;
  destination: KeyedTable;
}

/** Its rows are told apart by their content alone. */
interface WithoutIdentifier {
  identifier: 'none';
  identifierType: null;
  source: PhysicalEntity;
  destination: PhysicalEntity;
}

/** Its rows are inserted, and the destination gives them new ids. */
export type CopiedEntity = EntityFacts & { role: 'copied' } & (WithIdentifier | WithoutIdentifier);

/** Its rows are matched by a natural key, and created where they are missing. */
export type AlignedEntity = EntityFacts & { role: 'aligned'; aligned: AlignedRows } & WithIdentifier;

/** It is never written; ids are mapped through keys. */
export interface MatchedEntity extends EntityFacts {
  role: 'matched';
  identifier: IdentifierKind;
  identifierType: 'integer' | 'text' | null;
  source: PhysicalEntity | null;
  destination: PhysicalEntity | null;
}

/** It should be copied and cannot be: findings say why, and the plan is blocked. */
export interface UnplannedEntity extends EntityFacts {
  role: 'unplanned';
  identifier: 'none';
  identifierType: null;
  source: PhysicalEntity | null;
  destination: PhysicalEntity | null;
}

export type PlannedEntity = CopiedEntity | AlignedEntity | MatchedEntity | UnplannedEntity;

/** What users read of an entity's role: one that cannot be planned was to be copied. */
export type Role = 'copied' | 'aligned' | 'matched';
export const publicRole = ({ role }: PlannedEntity): Role => (role === 'unplanned' ? 'copied' : role);

/** An entity that a run writes. */
export type WrittenEntity = CopiedEntity | AlignedEntity;

/** One whose rows are known by an identifier. */
export type KeyedEntity = Extract<WrittenEntity, WithIdentifier>;

export const isWritten = (entity: PlannedEntity): entity is WrittenEntity =>
  entity.role === 'copied' || entity.role === 'aligned';

/**
 * A table of the destination that is emptied before anything is written: all of it, or what belongs to some process
 * instances.
 */
export interface EmptiedTable {
  /** Its entity, whose id maps go with the rows. */
  key: EntityKey;
  /** `Espace.Entity`. */
  name: string;
  table: TableName;
  /** Identifier column; null where rows have none. */
  identifier: string | null;
  /** Rows to be deleted, when the plan was made. */
  rows: number;
  /** Columns that are set to NULL before any table is emptied. */
  nulled: string[];
  /** Only the rows that hold, in this column, one of the processes that go, or an activity of theirs. */
  instances?: { column: string; of: 'processes' | 'activities' };
  /** It is the table of activities, by which rows of others are found. */
  holdsActivities?: true;
  /** Of activities: columns that name them in event tables, whose subscriptions go with them. */
  subscriptions?: ColumnOf[];
  /** Columns of other tables whose rows a constraint would delete along, and of which none may be there (trap 42). */
  cascades: ColumnOf[];
}

/**
 * Rows to come that a unique index of the destination does not let in. Kept with the plan in the journal; ids, no
 * values.
 */
export interface Conflicts {
  entity: EntityKey;
  /** Columns of the index. */
  index: string[];
  /** Rows to come whose values a row of the destination has. */
  taken: number;
  /** Rows to come whose values another row to come has, as the destination compares them (trap 43). */
  repeated: number;
  /** [source id, id of the destination's row]. */
  examples: [string, string][];
}

export interface PlannedColumn {
  /** Column of the destination table. */
  destination: string;
  handling:
    | { as: 'value'; source: string }
    | { as: 'identifier'; source: string }
    | { as: 'reference'; source: string; reference: number }
    /**
     * Text that is an identifier where the row's type (column `type`, compared in lower case) says so (trap 23): the
     * reference by type.
     */
    | { as: 'typed'; source: string; type: string; references: Record<string, number> }
    /** Only the destination has it and it has no default: the type's neutral value (metamodel §5). */
    | { as: 'neutral'; value: string | null };
  /** Kind of the destination's column, for canonical forms. */
  kind: ColumnKind;
}

export interface PlannedReference {
  /** Attribute name, or the column's where the metamodel has no attribute for it (TENANT_ID). */
  attribute: string;
  /** Key of the entity referred to. */
  target: EntityKey;
  /** `Espace.Entity`, for people. */
  targetName: string;
  /** The reference is the identifier (1:1). */
  identifier: boolean;
  /** May be written as NULL at insert and filled in the second pass. */
  deferred: boolean;
  rule: 'Protect' | 'Delete' | 'Ignore';
  /**
   * How a value whose target has no mapping is treated; the spec's missingReferences, or 'keep' for external targets.
   */
  missing: 'fail' | 'null' | 'skip' | 'keep';
  /**
   * The spec may leave the target's rows out on purpose: all, or those whose ids are among the excluded `instances`.
   */
  leftOut?: { instances: EntityKey; all: boolean };
}

/** References that a column may hold, by the types under which it does; null for a column that is a reference. */
export function referencesOf({ handling }: PlannedColumn): { types: string[] | null; reference: number }[] {
  if (handling.as === 'reference') return [{ types: null, reference: handling.reference }];
  if (handling.as !== 'typed') return [];
  const byReference = new Map<number, string[]>();
  for (const [type, reference] of Object.entries(handling.references)) {
    byReference.set(reference, [...(byReference.get(reference) ?? []), type]);
  }
  return [...byReference].map(([reference, types]) => ({ types, reference }));
}

/** The reference of that number, as the handling of a column has it. @throws Error where the plan has none */
export function referenceAt(entity: PlannedEntity, number: number): PlannedReference {
  const reference = entity.references[number];
  if (reference === undefined) throw new Error(`the plan of ${nameOf(entity)} has no reference ${number}`);
  return reference;
}

/** `Espace.Entity`, for people. */
export const nameOf = ({ espace, entity }: { espace: string; entity: string }): string => `${espace}.${entity}`;
