import type { EntityKey } from '../../outsystems/catalog.ts';
import { declaredPair } from '../../outsystems/declaredEntities.ts';
import { sameName } from '../../outsystems/naming.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import type { PlannedColumn } from '../../plan/plan.ts';
import type { ChosenProcesses } from '../../processes/chooseProcesses.ts';
import { type InstanceTable, instanceTables } from '../../processes/instanceTables.ts';
import type { Migration } from '../questions/request.ts';
import { type Draft, type DraftContext, type DraftReference, Drafts, physicalColumn } from './draft.ts';
import { draftDeclared } from './draftEntity.ts';
import { neutralValue } from './neutralValues.ts';
import type { SourceReferences } from './sourceReferences.ts';

/**
 * Drafts of the tables of process instances, as nodes of the one graph (docs/architecture.md, "One graph"): processes
 * hold ids of applications' rows and applications hold ids of processes. Columns that one side lacks are skipped.
 */
export function draftInstances(
  { source, destination }: Migration,
  context: DraftContext,
  { types, summary }: ChosenProcesses,
): Drafts {
  const drafted = new Drafts();
  const reasons = summary.setAside.map(({ reason }) => reason);
  for (const table of instanceTables) {
    const pair = declaredPair(source.catalog, destination.catalog, table);
    if (pair === null) continue;
    const { draft, notes } = draftDeclared(pair, context);
    drafted.note(notes);
    const owner = draft?.source.columns.find(({ name }) => sameName(name, table.partOf.column));
    if (draft === null || owner === undefined) continue;
    const partOf = {
      instances: platformTarget(source.catalog, table.partOf.table),
      column: owner.name,
      // Reasons are kept with the processes themselves.
      ...(table.partOf.table === table.table && reasons.length > 0 ? { reasons } : {}),
    };
    const instance = withoutServerColumns({ ...draft, instances: { table, partOf } }, table);
    drafted.drafts.push(withTypedValue(withEssentials(instance, table), table, context, types.get(table.table) ?? []));
  }
  return drafted;
}

/** References without which a row is half a thing take no NULL. */
function withEssentials(draft: Draft, { essential }: InstanceTable): Draft {
  const isEssential = ({ column }: DraftReference) => essential.some((name) => sameName(name, column.name));
  const references = draft.references.map((reference): DraftReference => {
    return reference.missing === 'null' && isEssential(reference) ? { ...reference, missing: 'skip' } : reference;
  });
  return { ...draft, references };
}

/** Columns that mean something on the source's servers only arrive empty (trap 29). */
function withoutServerColumns(draft: Draft, { cleared }: InstanceTable): Draft {
  const isCleared = ({ destination }: PlannedColumn) => cleared.some((name) => sameName(name, destination));
  const columns = draft.columns.map((column): PlannedColumn => {
    if (!isCleared(column)) return column;
    const { nullable } = physicalColumn(draft.destination, column.destination);
    return { ...column, handling: { as: 'neutral', value: nullable ? null : neutralValue(column.kind) } };
  });
  const differences = draft.columns
    .filter(isCleared)
    .map(({ destination }) => `${destination} means something in the source only; it arrives empty`);
  return { ...draft, columns, differences: [...draft.differences, ...differences] };
}

/** Values whose type says that they are identifiers are references to the entities that the types name (trap 23). */
function withTypedValue(
  draft: Draft,
  { value }: InstanceTable,
  context: DraftContext,
  types: readonly string[],
): Draft {
  const sourceColumn = (name: string | undefined) => draft.source.columns.find((column) => sameName(column.name, name));
  const [type, from] = [sourceColumn(value?.type), sourceColumn(value?.column)];
  const column = draft.columns.find(({ destination }) => sameName(destination, value?.column));
  const targets = targetsOf(types, context.references);
  if (type === undefined || from === undefined || column === undefined || targets.length === 0) return draft;
  const { nullable } = physicalColumn(draft.destination, column.destination);
  const added = targets.map(({ target, targetName, spellings }): DraftReference => {
    const outside = context.isOutside(target);
    const missing = context.missingReferences === 'null' && !nullable ? 'skip' : context.missingReferences;
    return {
      attribute: column.destination,
      target,
      targetName,
      rule: 'Ignore',
      identifier: false,
      deferrable: nullable && !outside,
      missing: outside ? 'keep' : missing,
      column: from,
      typed: { column: type, types: spellings },
    };
  });
  const numberOf = (spelled: string) => targets.findIndex(({ spellings }) => spellings.includes(spelled));
  const named = types.filter((spelled) => numberOf(spelled) >= 0);
  const references = Object.fromEntries(named.map((spelled) => [spelled, draft.references.length + numberOf(spelled)]));
  const typed: PlannedColumn = { ...column, handling: { as: 'typed', source: from.name, type: type.name, references } };
  return {
    ...draft,
    columns: draft.columns.map((one) => (one === column ? typed : one)),
    references: [...draft.references, ...added],
  };
}

/** An entity that types of values name. */
interface NamedTarget {
  target: EntityKey;
  targetName: string;
  /** The types that name it: an entity that moved has more than one. */
  spellings: string[];
}

function targetsOf(types: readonly string[], references: SourceReferences): NamedTarget[] {
  const targets = new Map<EntityKey, NamedTarget>();
  for (const spelled of types) {
    const named = references.ofType(spelled);
    if (named === null) continue;
    const spellings = [...(targets.get(named.target)?.spellings ?? []), spelled];
    targets.set(named.target, { ...named, spellings });
  }
  return [...targets.values()];
}
