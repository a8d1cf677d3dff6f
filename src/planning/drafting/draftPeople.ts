import { neverOverwritten, type PeopleTable, peopleTables, userTable } from '../../alignment/people/peopleTables.ts';
import type { MigrationSpec } from '../../config/migrationSpec.ts';
import type { EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { declaredPair } from '../../outsystems/declaredEntities.ts';
import { sameName } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';
import type { AlignedRows } from '../../plan/plan.ts';
import type { DataQuestion } from '../questions/dataQuestions.ts';
import type { Draft, DraftContext, DraftReference } from './draft.ts';
import { draftEntity } from './draftEntity.ts';

/**
 * Drafts of the people's tables that both environments have, as nodes of the one graph (docs/architecture.md, "One graph").
 * None under `users: match`: then people are only matched. Columns that one side lacks are skipped.
 */
export function draftPeople(
  spec: MigrationSpec,
  catalogs: { source: EnvironmentCatalog; destination: EnvironmentCatalog },
  context: DraftContext,
): { drafts: Draft[]; questions: DataQuestion[]; findings: Findings } {
  const drafted = { drafts: [] as Draft[], questions: [] as DataQuestion[], findings: new Findings() };
  if (spec.users === 'match') return drafted;
  const tables = new Set<string>();
  for (const declared of peopleTables) {
    // A link without what it links says nothing.
    const linked = declared.references.map(({ to }) => to);
    if (linked.some((table) => isPeople(table) && !tables.has(table))) continue;
    const pair = declaredPair(catalogs.source, catalogs.destination, declared);
    if (pair === null) continue;
    const lacking = [...pair.sourceOnly, ...pair.destinationOnly];
    const { draft, notes } = draftEntity({ ...pair, sourceOnly: [], destinationOnly: [] }, context);
    drafted.findings.merge(notes.findings);
    drafted.questions.push(...notes.questions);
    if (draft === null) continue;
    tables.add(declared.table);
    draft.people = declared;
    draft.differences.push(
      ...lacking.map((attribute) => {
        const side = pair.sourceOnly.includes(attribute) ? catalogs.source : catalogs.destination;
        return `${attribute.name} is only in '${side.environment}'; it is skipped`;
      }),
    );
    for (const reference of draft.references) reference.missing = whenMissing(reference);
    drafted.drafts.push(draft);
  }
  return drafted;
}

const isPeople = (table: string) => peopleTables.some((one) => one.table === table);

/**
 * A grant of a role that the destination lacks is set aside whatever the spec says of other references; who created a group is
 * not worth its loss.
 */
const whenMissing = ({ rule }: DraftReference): DraftReference['missing'] => (rule === 'Ignore' ? 'null' : 'skip');

/** How the copy knows the rows of a people's table in the destination, and what it overwrites there. */
export function alignedRows(draft: Draft, table: PeopleTable, users: MigrationSpec['users']): AlignedRows {
  const inDestination = (name: string) =>
    draft.columns.find(({ destination }) => sameName(destination, name))?.destination ?? [];
  const overwrites = table.table === userTable && users === 'update';
  return {
    on: table.on.flatMap(inDestination),
    volatile: table.volatile.flatMap(inDestination),
    overwritten: overwrites
      ? draft.columns
          .filter(({ destination, handling: { as } }) => {
            return (as === 'value' || as === 'reference') && !neverOverwritten.has(destination.toUpperCase());
          })
          .map(({ destination }) => destination)
      : [],
    recreation: null,
  };
}
