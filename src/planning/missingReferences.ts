import type { Database } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { Finding } from '../outsystems/finding.ts';
import { groupBy } from '../outsystems/grouping.ts';
import { sameName } from '../outsystems/references.ts';
import type { DataQuestion } from './dataQuestions.ts';
import type { Draft, DraftReference } from './draft.ts';
import { addFindings, countOf, type Findings, noFindings } from './findings.ts';
import { inParallel } from './parallel.ts';
import { columnText, holdsReference, mainTable, type Quote, tableText } from './statements.ts';

/**
 * Looks for references whose target row is not there, before anything is written: orphans that only an Ignore reference
 * can hold (trap 9), and references to entities outside the scope under `producers: match`.
 * @param bounds only rows up to them are looked at.
 * @throws DatabaseError
 */
export async function findMissingReferences(
  database: Database,
  quote: Quote,
  drafts: readonly Draft[],
  bounds: ReadonlyMap<Draft, string | null>,
  leftOut: ReadonlySet<EntityKey>,
): Promise<Findings> {
  const byKey = new Map(drafts.map((draft) => [draft.pair.key, draft]));
  const copied = drafts.filter(({ people }) => people === null);
  const questions = copied.flatMap((draft) =>
    draft.references.flatMap((reference): DataQuestion[] => {
      const bound = bounds.get(draft) ?? null;
      const inBound =
        bound === null ? '' : ` and ${columnText(quote, draft.identifierColumns!.source)} <= ${BigInt(bound)}`;
      const held = `${holdsReference(quote, reference.column)}${inBound}`;
      if (leftOut.has(reference.target)) {
        return [{ table: draft.source, condition: held, answer: (rows) => notCopied(draft, reference, rows) }];
      }
      const target = byKey.get(reference.target);
      if (target === undefined || isConstrained(draft, reference, target) || !isComparable(reference, target))
        return [];
      const sought = quote(target.identifierColumns!.source.name);
      const value = columnText(quote, reference.column);
      const absent = `not exists (select 1 from ${tableText(quote, target.source)} p where p.${sought} = ${value})`;
      return [
        { table: draft.source, condition: `${held} and ${absent}`, answer: (rows) => orphans(draft, reference, rows) },
      ];
    }),
  );
  const counts = await countSeparately(database, quote, questions);
  const findings = noFindings();
  questions.forEach((question, index) => {
    addFindings(findings, { ...noFindings(), ...question.answer(counts[index]!) });
  });
  return findings;
}

/** One statement for each table; in it, a subquery for each condition: SQL Server takes none inside an aggregate. */
async function countSeparately(
  database: Database,
  quote: Quote,
  questions: readonly DataQuestion[],
): Promise<number[]> {
  const counts = new Array<number>(questions.length).fill(0);
  const numbered = questions.map(({ table, condition }, index) => ({
    from: tableText(quote, table),
    condition,
    index,
  }));
  await inParallel([...groupBy(numbered, ({ from }) => from).values()], async (asked) => {
    const counted = asked.map(
      ({ from, condition }) => `(select count(*) from ${from} ${mainTable} where ${condition})`,
    );
    const [row] = await database.query(`select ${counted.join(', ')}`);
    asked.forEach(({ index }, place) => {
      counts[index] = Number(row![place]);
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
function isComparable({ column }: DraftReference, target: Draft): boolean {
  const { kind } = target.identifierColumns!.source;
  return column.kind === kind || (isNumber(column.kind) && isNumber(kind));
}

function orphans(draft: Draft, reference: DraftReference, rows: number): Partial<Findings> {
  if (rows === 0) return {};
  const message = `in ${countOf(rows, 'row')} ${reference.attribute} refers to a row of ${reference.targetName} that does not exist`;
  return missingReference(draft.name, reference, message);
}

function notCopied(draft: Draft, reference: DraftReference, rows: number): Partial<Findings> {
  if (rows === 0) return {};
  const message =
    `in ${countOf(rows, 'row')} ${reference.attribute} refers to ${reference.targetName}, which producers "match" leaves out; ` +
    'unless an earlier run copied those rows, missingReferences says what becomes of them';
  return { warnings: [{ code: 'producer-not-copied', entity: draft.name, message }] };
}

/** A finding about rows whose target is missing, as the reference's `missing` says. */
export function missingReference(
  entity: string,
  reference: { missing: DraftReference['missing'] },
  message: string,
): Partial<Findings> {
  const finding = (end: string): Finding => ({ code: 'missing-reference', entity, message: `${message}; ${end}` });
  switch (reference.missing) {
    case 'fail':
      return { blocking: [finding('mend the data, or set missingReferences to "null" or "skip"')] };
    case 'null':
      return { warnings: [finding('it becomes NULL')] };
    case 'skip':
      return { warnings: [finding('those rows are set aside')] };
    case 'keep':
      return {};
  }
}
