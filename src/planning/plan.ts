import type { PeopleSummary } from '../alignment/people/alignPeople.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { Finding } from '../outsystems/finding.ts';

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
   * Of rows that are deleted and inserted anew: columns of other tables by which rows are deleted with them, and columns
   * that are led to the new row. Null where none is.
   */
  recreation: { deleted: ColumnOf[]; repointed: ColumnOf[] } | null;
}

/** What a run will do, decided once from both catalogs and kept in the journal. Everything physical is resolved here. */
export interface Plan {
  source: string;
  destination: string;
  /** In the order in which they can be written. */
  entities: PlannedEntity[];
  blocking: Finding[];
  warnings: Finding[];
  /** What becomes of people and of what they are allowed. */
  people?: PeopleSummary;
}

export type Role = 'copied' | 'aligned' | 'matched';

export interface PhysicalEntity {
  schema: string;
  table: string;
  /** Identifier column; null where the entity has none. */
  identifier: string | null;
}

/**
 * How rows get their identifier in the destination (design.md, "The batch protocol"):
 * minted: the destination's identity; kept: text, GUID and manual ids stay as they are;
 * reference: a 1:1 extension, its id is its target's; none: no identifier at all.
 */
export type IdentifierKind = 'minted' | 'kept' | 'reference' | 'none';

export interface PlannedEntity {
  key: EntityKey;
  espace: string;
  entity: string;
  role: Role;
  /** 1-based place in the order; entities of one strongly connected component follow each other. */
  order: number;
  /** Ordinal of its strongly connected component. */
  component: number;
  source: PhysicalEntity | null;
  destination: PhysicalEntity | null;
  identifier: IdentifierKind;
  /** Identifiers are integers (translated as 64-bit numbers) or text. */
  identifierType: 'integer' | 'text' | null;
  /** Rows in the source when the plan was made. */
  rows: number;
  /** Largest source id the run reads (integer ids); null: all rows, or of an aligned entity those that alignment decided on. */
  bound: string | null;
  /** Every column the copy writes in the destination. Empty unless copied or aligned. */
  columns: PlannedColumn[];
  references: PlannedReference[];
  /** Only of aligned entities. */
  aligned?: AlignedRows;
  /** Entities whose rows must all be there before this one's first row: targets of its references that are not deferred. */
  after: EntityKey[];
  /** What differs between the two definitions, for people. */
  differences: string[];
}

export interface PlannedColumn {
  /** Column of the destination table. */
  destination: string;
  handling:
    | { as: 'value'; source: string }
    | { as: 'identifier'; source: string }
    | { as: 'reference'; source: string; reference: number }
    /** Only the destination has it and it has no default: the type's neutral value (metamodel §5). */
    | { as: 'neutral'; value: string | null };
  /** Kind of the destination's column, for canonical forms. */
  kind: string;
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
  /** How a value whose target has no mapping is treated; the spec's missingReferences, or 'keep' for external targets. */
  missing: 'fail' | 'null' | 'skip' | 'keep';
}
