import type { ColumnKind, Database } from '../../database/port.ts';
import { queryRow } from '../../database/queries.ts';
import { integer, orNull, text } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { page } from '../../outsystems/environment.ts';
import { sameName } from '../../outsystems/naming.ts';
import type { MissingReference } from '../../plan/catalogue/dataFindings.ts';
import { Findings } from '../../plan/findings.ts';
import type { PlannedReference } from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';
import type { Draft, DraftReference } from '../drafting/draft.ts';
import { holdsTarget, mainColumn, mainTable } from '../questions/conditions.ts';
import { withinBound } from '../questions/counts.ts';
import { type DataQuestion, groupByTable } from '../questions/dataQuestions.ts';
import { inParallel } from '../questions/parallel.ts';

/**
 * Looks for references whose target row is not there, before anything is written: orphans that only an Ignore reference
 * can hold (trap 9), and references to entities outside the scope under `producers: match`.
 * @param bounds only rows up to them are looked at.
 * @param leftOut entities that are not copied; `exclusions`: process instances that are not.
 * @throws DatabaseError
 */
export async function findMissingReferences(
  database: Database,
  drafts: readonly Draft[],
  bounds: ReadonlyMap<Draft, string | null>,
  { leftOut, exclusions }: { leftOut: ReadonlySet<EntityKey>; exclusions: Exclusions },
): Promise<Findings> {
  const byKey = new Map(drafts.map((draft) => [draft.pair.key, draft]));
  const copied = drafts.filter(({ people }) => people === null);
  const questions = copied.flatMap((draft) =>
    draft.references.flatMap((reference): DataQuestion[] => {
      const held = sql.all([holdsTarget(reference), ...withinBound(draft, bounds)]);
      if (leftOut.has(reference.target)) {
        return [{ table: draft.source, condition: held, answer: notCopied(draft, reference) }];
      }
      const target = byKey.get(reference.target);
      if (!target?.identifierColumns) return [];
      const { name, kind } = target.identifierColumns.source;
      if (isConstrained(draft, reference, target) || !isComparable(reference, kind)) return [];
      const sought = sql.id('p', name);
      // A typed value is text, whatever the identifier is that it names.
      const id = reference.typed === undefined ? sought : sql`cast(${sought} as varchar(50))`;
      const there = sql`select 1 from ${sql.table(target.source)} p where ${id} = ${mainColumn(reference.column.name)}`;
      const condition = sql.all([held, sql`not exists (${there})`]);
      return [{ table: draft.source, condition, answer: orphans(draft, reference) }];
    }),
  );
  const counts = await countSeparately(database, questions);
  const findings = new Findings();
  for (const [index, question] of questions.entries()) {
    const rows = await travelling(database, question, counts[index]!, { copied, exclusions });
    question.answer(rows, findings);
  }
  if (exclusions.isEmpty) return findings;
  for (const draft of copied.filter(({ instances }) => instances === null)) {
    for (const reference of draft.references.filter((one) => one.leftOut?.instances === one.target)) {
      const rows = await countStayingBehind(database, draft, reference, bounds.get(draft) ?? null, exclusions);
      addMissingReference(findings, reference, { entity: draft.name, rows, why: 'not migrated' });
    }
  }
  return findings;
}

/** Of rows counted in a table of process instances, those whose instances travel. */
async function travelling(
  database: Database,
  { table, condition }: DataQuestion,
  rows: number,
  { copied, exclusions }: { copied: readonly Draft[]; exclusions: Exclusions },
): Promise<number> {
  const instances = copied.find(({ source }) => source.name === table.name)?.instances ?? null;
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

/** Rows that refer to instances that do not travel, though the spec does not leave them out. */
async function countStayingBehind(
  database: Database,
  draft: Draft,
  { column, leftOut }: DraftReference,
  bound: string | null,
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
  let rows = 0;
  for await (const some of pages) {
    for (const row of some) {
      const why = exclusions.of(leftOut!.instances, String(row.at(-1)));
      if (why === 'setAside' || why === 'outside') rows += 1;
    }
  }
  return rows;
}

/** One statement for each table; in it, a subquery for each condition: SQL Server takes none inside an aggregate. */
async function countSeparately(database: Database, questions: readonly DataQuestion[]): Promise<number[]> {
  const counts = new Array<number>(questions.length).fill(0);
  const numbered = questions.map(({ table, condition }, index) => ({ table, condition, index }));
  await inParallel(groupByTable(numbered), async ({ table, asked }) => {
    const counted = asked.map(
      ({ condition }) => sql`(select ${sql.countOfRows} from ${mainTable(table)} where ${condition})`,
    );
    const row = await queryRow(database, counted);
    asked.forEach(({ index }, place) => {
      counts[index] = integer(row[place] ?? null);
    });
  });
  return counts;
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
  found: { entity: string } & Pick<MissingReference, 'rows' | 'why'>,
): void {
  if (found.rows === 0 || missing === 'keep') return;
  findings.add('missing-reference', { ...found, attribute, target: targetName, missing });
}
