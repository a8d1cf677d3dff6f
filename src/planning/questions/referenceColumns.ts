import type { ReferenceColumn } from '../../alignment/idsReferredTo.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import {
  type CopiedEntity,
  type Plan,
  type PlannedEntity,
  type PlannedReference,
  referencesOf,
} from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';

export interface PlannedReferenceColumn extends ReferenceColumn {
  entity: CopiedEntity;
  reference: PlannedReference;
}

/** Columns of the source's copied entities that hold ids of these targets and are to be translated, in the rows that travel. */
export function referenceColumns(
  plan: Plan,
  targets: ReadonlySet<EntityKey>,
  exclusions: Exclusions,
): PlannedReferenceColumn[] {
  const copied = plan.entities.filter((entity) => entity.role === 'copied');
  return copied.flatMap((entity) =>
    entity.columns.flatMap((column) => {
      const { handling } = column;
      if (handling.as !== 'reference' && handling.as !== 'typed') return [];
      return referencesOf(column).flatMap(({ types, reference: number }) => {
        const reference = entity.references[number]!;
        if (!targets.has(reference.target) || reference.missing === 'keep') return [];
        const { schema, table: name, identifier } = entity.source;
        return [
          {
            table: { schema, name },
            column: handling.source,
            target: reference.target,
            ...(entity.bound === null || identifier === null
              ? {}
              : { bound: { column: identifier, upTo: entity.bound } }),
            ...(types === null || handling.as !== 'typed' ? {} : { typed: { column: handling.type, types } }),
            ...behind(entity, exclusions),
            entity,
            reference,
          },
        ];
      });
    }),
  );
}

/** Rows of process instances that do not travel refer to nobody. */
function behind({ partOf }: PlannedEntity, exclusions: Exclusions): Pick<ReferenceColumn, 'behind'> {
  if (partOf === undefined || exclusions.isEmpty) return {};
  const { instances, column } = partOf;
  return { behind: { column, has: (id) => exclusions.of(instances, id) !== null } };
}
