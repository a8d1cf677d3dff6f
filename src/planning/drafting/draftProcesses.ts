import type { EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { declaredPair } from '../../outsystems/declaredEntities.ts';
import { sameName } from '../../outsystems/naming.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import { Findings } from '../../plan/findings.ts';
import type { ChosenProcesses } from '../../processes/chooseProcesses.ts';
import { activityTable, type InstanceTable, instanceTables, processTable } from '../../processes/instanceTables.ts';
import type { DataQuestion } from '../questions/dataQuestions.ts';
import type { Draft, DraftContext, DraftReference } from './draft.ts';
import { draftEntity } from './draftEntity.ts';
import { neutralValue } from './neutralValues.ts';

/**
 * Drafts of the tables of process instances, as nodes of the one graph (docs/architecture.md, "One graph"): processes hold
 * ids of applications' rows and applications hold ids of processes. Columns that one side lacks are skipped.
 */
export function draftInstances(
  catalogs: { source: EnvironmentCatalog; destination: EnvironmentCatalog },
  context: DraftContext,
  chosen: ChosenProcesses,
): { drafts: Draft[]; questions: DataQuestion[]; findings: Findings } {
  const drafted = { drafts: [] as Draft[], questions: [] as DataQuestion[], findings: new Findings() };
  for (const table of instanceTables) {
    const pair = declaredPair(catalogs.source, catalogs.destination, table);
    if (pair === null) continue;
    const lacking = [...pair.sourceOnly, ...pair.destinationOnly];
    const { draft, notes } = draftEntity({ ...pair, sourceOnly: [], destinationOnly: [] }, context);
    drafted.findings.merge(notes.findings);
    drafted.questions.push(...notes.questions);
    if (draft === null) continue;
    const belongs = draft.source.columns.find(({ name }) => sameName(name, table.partOf.column));
    if (belongs === undefined) continue;
    draft.instances = {
      table,
      partOf: { instances: platformTarget(catalogs.source, table.partOf.table), column: belongs.name },
    };
    draft.differences.push(
      ...lacking.map((attribute) => {
        const side = pair.sourceOnly.includes(attribute) ? catalogs.source : catalogs.destination;
        return `${attribute.name} is only in '${side.environment}'; it is skipped`;
      }),
    );
    for (const reference of draft.references) {
      const isEssential = table.essential.some((column) => sameName(column, reference.column.name));
      if (isEssential && reference.missing === 'null') reference.missing = 'skip';
    }
    clear(draft, table);
    typeValues(draft, table, context, chosen.types.get(table.table) ?? []);
    drafted.drafts.push(draft);
  }
  return drafted;
}

/** Columns that mean something on the source's servers only arrive empty (trap 29). */
function clear(draft: Draft, { cleared }: InstanceTable): void {
  for (const column of draft.columns) {
    if (!cleared.some((name) => sameName(name, column.destination))) continue;
    const { nullable } = draft.destination.columns.find(({ name }) => name === column.destination)!;
    column.handling = { as: 'neutral', value: nullable ? null : neutralValue(column.kind) };
    draft.differences.push(`${column.destination} means something in the source only; it arrives empty`);
  }
}

/** Values whose type says that they are identifiers are references to the entities that the types name (trap 23). */
function typeValues(draft: Draft, { value }: InstanceTable, context: DraftContext, types: readonly string[]): void {
  if (value === null) return;
  const type = draft.source.columns.find(({ name }) => sameName(name, value.type));
  const from = draft.source.columns.find(({ name }) => sameName(name, value.column));
  const column = draft.columns.find(({ destination }) => sameName(destination, value.column));
  if (type === undefined || from === undefined || column === undefined) return;
  const { nullable } = draft.destination.columns.find(({ name }) => name === column.destination)!;
  const numbers = new Map<string, number>();
  const references: Record<string, number> = {};
  for (const spelled of types) {
    const named = context.references.ofType(spelled);
    if (named === null) continue;
    const outside = context.isOutside(named.target);
    const { missingReferences } = context;
    const reference: DraftReference = {
      attribute: column.destination,
      target: named.target,
      targetName: named.targetName,
      rule: 'Ignore',
      identifier: false,
      deferred: false,
      deferrable: nullable && !outside,
      missing: outside ? 'keep' : missingReferences === 'null' && !nullable ? 'skip' : missingReferences,
      column: from,
      typed: { column: type, types: [spelled] },
    };
    const known = numbers.get(named.target);
    if (known === undefined) numbers.set(named.target, draft.references.push(reference) - 1);
    else draft.references[known]!.typed!.types.push(spelled);
    references[spelled] = numbers.get(named.target)!;
  }
  if (Object.keys(references).length === 0) return;
  column.handling = { as: 'typed', source: from.name, type: type.name, references };
}

/**
 * Notes on every reference whether the spec may leave its target out: it leads to a process or an activity, or to a 1:1
 * extension of one, whose ids are the same.
 * @param all no instance travels at all (`processes: none`).
 */
export function noteLeftOut(drafts: readonly Draft[], source: EnvironmentCatalog, all: boolean): void {
  const instances = new Set([processTable, activityTable].map((table) => platformTarget(source, table)));
  const byKey = new Map(drafts.map((draft) => [draft.pair.key, draft]));
  const instancesOf = (target: string, seen: ReadonlySet<string>): string | null => {
    if (instances.has(target)) return target;
    const extended = byKey.get(target)?.references.find(({ identifier }) => identifier);
    if (extended === undefined || seen.has(target)) return null;
    return instancesOf(extended.target, new Set([...seen, target]));
  };
  for (const draft of drafts) {
    for (const reference of draft.references) {
      const found = instancesOf(reference.target, new Set());
      if (found !== null) reference.leftOut = { instances: found, all };
    }
  }
}
