import type { EnvironmentCatalog } from '../../outsystems/catalog.ts';
import { platformTarget } from '../../outsystems/platform.ts';
import type { PlannedReference } from '../../plan/plan.ts';
import { activityTable, processTable } from '../../processes/instanceTables.ts';
import type { Draft, DraftReference } from './draft.ts';

/** References whose target the spec may leave out on purpose. */
export type LeavableReferences = ReadonlyMap<DraftReference, NonNullable<PlannedReference['leftOut']>>;

/**
 * The references that lead to a process or to an activity, or to a 1:1 extension of one, whose ids are the same.
 * @param all no instance travels at all (`processes: none`).
 */
export function leavableReferences(
  drafts: readonly Draft[],
  source: EnvironmentCatalog,
  all: boolean,
): LeavableReferences {
  const instanceKeys = new Set([processTable, activityTable].map((table) => platformTarget(source, table)));
  const byKey = new Map(drafts.map((draft) => [draft.pair.key, draft]));
  const instancesOf = (target: string, passed: ReadonlySet<string> = new Set()): string | null => {
    if (instanceKeys.has(target)) return target;
    const extended = byKey.get(target)?.references.find(({ identifier }) => identifier);
    if (extended === undefined || passed.has(target)) return null;
    return instancesOf(extended.target, new Set([...passed, target]));
  };
  const references = drafts.flatMap((draft) => draft.references);
  return new Map(
    references.flatMap((reference) => {
      const instances = instancesOf(reference.target);
      return instances === null ? [] : [[reference, { instances, all }] as const];
    }),
  );
}
