import type { PeopleTable } from '../../alignment/people/peopleTables.ts';
import type { PhysicalColumn, PhysicalTable } from '../../database/port.ts';
import type { Sql } from '../../database/sql.ts';
import type { Attribute, Entity } from '../../outsystems/catalog.ts';
import type { EntityPair } from '../../outsystems/matching.ts';
import { entityName } from '../../outsystems/naming.ts';
import type { FindingCode, FindingFacts } from '../../plan/catalogue/findings.ts';
import { Findings } from '../../plan/findings.ts';
import type { IdentifierKind, PartOf, PlannedColumn, PlannedReference } from '../../plan/plan.ts';
import type { InstanceTable } from '../../processes/instanceTables.ts';
import type { DataQuestion } from '../questions/dataQuestions.ts';
import type { SourceReferences } from './sourceReferences.ts';

/** An entity that is written, while its plan is made. */
export type Draft = DraftFacts & DraftIdentity;

/** How its rows get their identifiers. */
export type DraftIdentity =
  | {
      identifier: Exclude<IdentifierKind, 'none'>;
      identifierType: 'integer' | 'text';
      identifierColumns: { source: PhysicalColumn; destination: PhysicalColumn };
    }
  | { identifier: 'none'; identifierType: null; identifierColumns: null };

/** One whose rows are known by an identifier. */
export type KeyedDraft = Extract<Draft, { identifierType: 'integer' | 'text' }>;

interface DraftFacts {
  pair: EntityPair;
  /** The table of people that it is: aligned; null for copied entities. */
  people: PeopleTable | null;
  /** The table of process instances that it is, and the instances that its rows are part of; null for all others. */
  instances: { table: InstanceTable; partOf: PartOf } | null;
  /** `Espace.Entity`. */
  name: string;
  source: PhysicalTable;
  destination: PhysicalTable;
  columns: PlannedColumn[];
  references: DraftReference[];
  differences: string[];
}

/** A draft in the order of writing. */
export interface OrderedDraft {
  draft: Draft;
  /** Ordinal of its strongly connected component, in that order. */
  component: number;
}

/** One of which it is known how far its rows are read. */
export interface BoundedDraft extends OrderedDraft {
  /** Largest source id that is read; null where all rows are. */
  bound: string | null;
}

/** One whose rows were counted. */
export interface CountedDraft extends BoundedDraft {
  /** Rows that the run will read; 0 of people, of whom alignment knows. */
  rows: number;
}

/** A reference of a draft; what else the plan says of it is decided when all drafts are known. */
export interface DraftReference extends Omit<PlannedReference, 'deferred' | 'leftOut'> {
  /** Column of the source table. */
  column: PhysicalColumn;
  /** May be left NULL at insert and filled later. */
  deferrable: boolean;
  /** Only where the row's type says so is the column a reference to this target (trap 23); types in lower case. */
  typed?: { column: PhysicalColumn; types: string[] };
}

/** What drafting an entity needs to know beside the entity. */
export interface DraftContext {
  environments: { source: string; destination: string };
  missingReferences: 'fail' | 'null' | 'skip';
  rowErrors: 'fail' | 'setAside';
  ignored: ReadonlySet<Attribute>;
  references: SourceReferences;
  /** References to it keep their value: its rows lie outside both databases. */
  isOutside(target: string): boolean;
  /** Names a `bt` type's target as far as it is known: `entity <key> of module Sales`. */
  wordsFor(type: string): string;
}

/** What drafting gives beside the draft: findings at once, and those that wait for the data. */
export interface DraftNotes {
  findings: Findings;
  questions: DataQuestion[];
}

/** Drafts of several entities, with what was noted of each. */
export class Drafts implements DraftNotes {
  readonly drafts: Draft[] = [];
  readonly findings = new Findings();
  readonly questions: DataQuestion[] = [];

  /** Adds drafts in their order. */
  merge(...others: Drafts[]): this {
    for (const other of others) {
      this.drafts.push(...other.drafts);
      this.note(other);
    }
    return this;
  }

  note({ findings, questions }: DraftNotes): void {
    this.findings.merge(findings);
    this.questions.push(...questions);
  }
}

/** The table of an entity that is drafted. @throws Error where it has none: such entities are found before. */
export function tableOf(entity: Entity): PhysicalTable {
  if (entity.table === null) throw new Error(`${entityName(entity)} has no table`);
  return entity.table;
}

/** A column of a drafted table. @throws Error for a column that the table does not have */
export function physicalColumn(table: PhysicalTable, name: string): PhysicalColumn {
  const column = table.columns.find((one) => one.name === name);
  if (column === undefined) throw new Error(`the table ${table.name} has no column ${name}`);
  return column;
}

/** Notes findings about one entity. */
export class EntityNotes implements DraftNotes {
  readonly findings = new Findings();
  readonly questions: DataQuestion[] = [];
  /** `Espace.Entity`. */
  readonly entity: string;
  readonly #table: PhysicalTable;

  constructor(entity: Entity, table: PhysicalTable) {
    this.entity = entityName(entity);
    this.#table = table;
  }

  /** Counts source rows that meet the condition: what follows from how many they are; null where nothing does. */
  ask<Code extends FindingCode>(
    condition: Sql,
    code: Code,
    factsOf: (rows: number) => FindingFacts[Code] | null,
  ): void {
    this.questions.push({
      table: { schema: this.#table.schema, name: this.#table.name },
      condition,
      answer(rows, findings) {
        const facts = factsOf(rows);
        if (facts !== null) findings.add(code, facts);
      },
    });
  }
}
