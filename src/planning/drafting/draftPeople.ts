import { neverOverwritten, type PeopleTable, peopleTables, userTable } from '../../alignment/people/peopleTables.ts';
import type { MigrationSpec } from '../../config/migrationSpec.ts';
import { declaredPair } from '../../outsystems/declaredEntities.ts';
import { sameName } from '../../outsystems/naming.ts';
import type { AlignedRows, PlannedColumn } from '../../plan/plan.ts';
import type { Migration } from '../questions/request.ts';
import { type Draft, type DraftContext, type DraftReference, Drafts } from './draft.ts';
import { draftDeclared } from './draftEntity.ts';

/**
 * Drafts of the people's tables that both environments have, as nodes of the one graph (docs/architecture.md, "One
 * graph"). None under `users: match`: then people are only matched. Columns that one side lacks are skipped.
 */
export function draftPeople({ spec, source, destination }: Migration, context: DraftContext): Drafts {
  const drafted = new Drafts();
  if (spec.users === 'match') return drafted;
  const tables = new Set<string>();
  for (const declared of peopleTables) {
    // A link without what it links says nothing.
    const linked = declared.references.map(({ to }) => to);
    if (linked.some((table) => isPeople(table) && !tables.has(table))) continue;
    const pair = declaredPair(source.catalog, destination.catalog, declared);
    if (pair === null) continue;
    const { draft, notes } = draftDeclared(pair, context);
    drafted.note(notes);
    if (draft === null) continue;
    tables.add(declared.table);
    const references = draft.references.map((reference) => ({ ...reference, missing: whenMissing(reference) }));
    drafted.drafts.push({ ...draft, people: declared, references });
  }
  return drafted;
}

const isPeople = (table: string) => peopleTables.some((one) => one.table === table);

/**
 * A grant of a role that the destination lacks is set aside whatever the spec says of other references; who created a
 * group is not worth its loss.
 */
const whenMissing = ({ rule }: DraftReference): DraftReference['missing'] => (rule === 'Ignore' ? 'null' : 'skip');

/**
 * How the copy knows the rows of a people's table in the destination, and what it overwrites there.
 * @param recreation what becomes of rows that refer to users who are recreated; null where none is.
 */
export function alignedRows(
  { columns }: Draft,
  { table, on, volatile }: PeopleTable,
  { users }: Pick<MigrationSpec, 'users'>,
  recreation: AlignedRows['recreation'],
): AlignedRows {
  const inDestination = (name: string) =>
    columns.find(({ destination }) => sameName(destination, name))?.destination ?? [];
  const overwrites = table === userTable && users === 'update';
  return {
    on: on.flatMap(inDestination),
    volatile: volatile.flatMap(inDestination),
    overwritten: overwrites ? columns.filter(isOverwritten).map(({ destination }) => destination) : [],
    recreation,
  };
}

const isOverwritten = ({ destination, handling: { as } }: PlannedColumn): boolean =>
  (as === 'value' || as === 'reference') && !neverOverwritten.has(destination.toUpperCase());
