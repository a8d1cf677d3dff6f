import type { ReferenceColumn } from '../alignment/referredIds.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { Plan, PlannedEntity, PlannedReference } from './plan.ts';

export interface PlannedReferenceColumn extends ReferenceColumn {
  entity: PlannedEntity;
  reference: PlannedReference;
}

/** Columns of the source's copied entities that hold ids of these targets and are to be translated. */
export function referenceColumns(plan: Plan, targets: ReadonlySet<EntityKey>): PlannedReferenceColumn[] {
  return plan.entities.flatMap((entity) =>
    entity.columns.flatMap(({ handling }) => {
      if (entity.role !== 'copied' || handling.as !== 'reference') return [];
      const reference = entity.references[handling.reference]!;
      if (!targets.has(reference.target) || reference.missing === 'keep') return [];
      const { schema, table: name, identifier } = entity.source!;
      const bound =
        entity.bound === null || identifier === null ? {} : { bound: { column: identifier, upTo: entity.bound } };
      return [
        { table: { schema, name }, column: handling.source, target: reference.target, ...bound, entity, reference },
      ];
    }),
  );
}
