import type { ColumnKind, Database } from '../../database/port.ts';
import { queryRow } from '../../database/queries.ts';
import { integer, orNull, text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { page } from '../../outsystems/environment.ts';
import { sameName } from '../../outsystems/naming.ts';
import type { MissingReference } from '../../plan/catalogue/dataFindings.ts';
import { Findings } from '../../plan/findings.ts';
import type { PlannedReference } from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';
import type { BoundedDraft, Draft, DraftReference } from '../drafting/draft.ts';
import type { LeavableReferences } from '../drafting/leavableReferences.ts';
import { holdsTarget, mainColumn, mainTable } from '../questions/conditions.ts';
import { withinBound } from '../questions/counts.ts';
import { type DataQuestion, groupByTable } from '../questions/dataQuestions.ts';
import { inParallel } from '../questions/parallel.ts';

/** What of the source stays behind on purpose. */
export interface StayingBehind {
  /** Application entities that are not copied (`producers: match`). */
  producers: ReadonlySet<EntityKey>;
  /** References whose targets may stay behind. */
  leavable: LeavableReferences;
  /** Process instances. */
  exclusions: Exclusions;
}

/**
 * Looks for references whose target row is not there, before anything is written: orphans that only an Ignore reference
 * can hold (trap 9), and references to entities outside the scope under `producers: match`. Rows beyond the bounds are
 * not looked at.
 * @throws DatabaseError
 */
export async function findMissingReferences(
  database: Database,
  drafts: readonly BoundedDraft[],
  staying: StayingBehind,
): Promise<Findings> {
  const copied = drafts.filter(({ draft }) => draft.people === null);
  const byKey = new Map(drafts.map(({ draft }) => [draft.pair.key, draft]));
  const questions = copied.flatMap((bounded) =>
    bounded.draft.references.flatMap((reference) => {
      const held = sql.all([holdsTarget(reference), ...withinBound(bounded)]);
      return staying.producers.has(reference.target)
        ? [producerQuestion(bounded.draft, reference, held)]
        : orphanQuestion({ draft: bounded.draft, reference, held }, byKey.get(reference.target));
    }),
  );
  const findings = new Findings();
  for (const { question, rows } of await countSeparately(database, questions)) {
    question.answer(await rowsMigrated(database, question, rows, staying.exclusions), findings);
  }
  return staying.exclusions.isEmpty ? findings : findings.merge(await findExcluded(database, copied, staying));
}

/** A question about a reference of a draft. */
interface ReferenceQuestion extends DataQuestion {
  draft: Draft;
}

const producerQuestion = (draft: Draft, reference: DraftReference, condition: Sql): ReferenceQuestion => ({
  draft,
  table: draft.source,
  condition,
  answer: notCopied(draft, reference),
});

/** None where no row can lack its target, or where that cannot be compared. */
function orphanQuestion(
  { draft, reference, held }: { draft: Draft; reference: DraftReference; held: Sql },
  target: Draft | undefined,
): ReferenceQuestion[] {
  if (!target?.identifierColumns) return [];
  const { name, kind } = target.identifierColumns.source;
  if (isConstrained(draft, reference, target) || !isComparable(reference, kind)) return [];
  const sought = sql.id('p', name);
  // A typed value is text, whatever the identifier is that it names.
  const id = reference.typed === undefined ? sought : sql`cast(${sought} as varchar(50))`;
  const present = sql`select 1 from ${sql.table(target.source)} p where ${id} = ${mainColumn(reference.column.name)}`;
  const condition = sql.all([held, sql`not exists (${present})`]);
  return [{ draft, table: draft.source, condition, answer: orphans(draft, reference) }];
}

/** Of rows counted in a table of process instances, those whose instances are migrated. */
async function rowsMigrated(
  database: Database,
  { draft: { instances }, table, condition }: ReferenceQuestion,
  rows: number,
  exclusions: Exclusions,
): Promise<number> {
  if (rows === 0 || instances === null || exclusions.isEmpty) return rows;
  const owner = mainColumn(instances.partOf.column);
  const owners = await database.query(
    sql`select ${owner} as owner, ${sql.countOfRows} as total from ${mainTable(table)}
      where ${condition} group by ${owner}`,
    { owner: orNull(text), total: integer },
  );
  const stays = (id: string | null) => id !== null && exclusions.of(instances.partOf.instances, id) !== null;
  return owners.filter((one) => !stays(one.owner)).reduce((sum, { total }) => sum + total, 0);
}

/** References of applications to instances that stay behind, though the spec does not leave them out. */
async function findExcluded(
  database: Database,
  copied: readonly BoundedDraft[],
  { leavable, exclusions }: StayingBehind,
): Promise<Findings> {
  const findings = new Findings();
  for (const bounded of copied.filter(({ draft }) => draft.instances === null)) {
    for (const reference of bounded.draft.references) {
      if (leavable.get(reference)?.instances !== reference.target) continue;
      const rows = await countExcluded(database, bounded, reference, exclusions);
      addMissingReference(findings, reference, { entity: bounded.draft.name, rows, why: 'not migrated' });
    }
  }
  return findings;
}

/** @param reference to a table of process instances. */
async function countExcluded(
  database: Database,
  { draft, bound }: BoundedDraft,
  { column, target }: DraftReference,
  exclusions: Exclusions,
): Promise<number> {
  const pages = database.readRows({
    table: { schema: draft.source.schema, name: draft.source.name },
    columns: [...new Set([draft.identifierColumns?.source.name ?? column.name, column.name])],
    key: draft.identifierColumns?.source.name ?? null,
    upTo: bound,
    anyNotNull: [column.name],
    batch: page,
  });
  let excluded = 0;
  for await (const rows of pages) {
    const reasons = rows.map((row) => exclusions.of(target, String(row.at(-1))));
    excluded += reasons.filter((reason) => reason === 'setAside' || reason === 'outside').length;
  }
  return excluded;
}

/**
 * Counts with one statement for each table; in it, a subquery for each condition: SQL Server takes none inside an
 * aggregate.
 */
async function countSeparately<Question extends DataQuestion>(
  database: Database,
  questions: readonly Question[],
): Promise<{ question: Question; rows: number }[]> {
  const counts = new Map<Question, number>();
  await inParallel(groupByTable(questions), async ({ table, asked }) => {
    const counted = asked.map(
      ({ condition }) => sql`(select ${sql.countOfRows} from ${mainTable(table)} where ${condition})`,
    );
    const row = await queryRow(database, counted);
    for (const [place, question] of asked.entries()) counts.set(question, integer(row[place] ?? null));
  });
  return questions.map((question) => ({ question, rows: counts.get(question)! }));
}

function isConstrained(draft: Draft, reference: DraftReference, target: Draft): boolean {
  return draft.source.foreignKeys.some(
    (key) => key.enabled && sameName(key.column, reference.column.name) && sameName(key.target, target.source.name),
  );
}

const isNumber = (kind: string) => kind === 'integer' || kind === 'decimal';

/** Soft keys may be kept in another type than the identifiers they name. */
function isComparable({ column, typed }: DraftReference, kind: ColumnKind): boolean {
  return typed !== undefined || column.kind === kind || (isNumber(column.kind) && isNumber(kind));
}

const orphans =
  ({ name }: Draft, reference: DraftReference): DataQuestion['answer'] =>
  (rows, findings) =>
    addMissingReference(findings, reference, { entity: name, rows, why: 'absent' });

const notCopied =
  ({ name }: Draft, { attribute, targetName }: DraftReference): DataQuestion['answer'] =>
  (rows, findings) => {
    if (rows > 0) findings.add('producer-not-copied', { entity: name, attribute, target: targetName, rows });
  };

/** A finding about rows whose target is missing, as the reference's `missing` says. */
export function addMissingReference(
  findings: Findings,
  { attribute, targetName, missing }: Pick<PlannedReference, 'attribute' | 'targetName' | 'missing'>,
  rowsWithout: { entity: string } & Pick<MissingReference, 'rows' | 'why'>,
): void {
  if (rowsWithout.rows === 0 || missing === 'keep') return;
  findings.add('missing-reference', { ...rowsWithout, attribute, target: targetName, missing });
}
