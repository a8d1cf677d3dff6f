import type { ReferenceColumn } from '../../alignment/idsReferredTo.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import {
  type CopiedEntity,
  type PlannedColumn,
  type PlannedEntity,
  type PlannedReference,
  referenceAt,
  referencesOf,
} from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';

export interface PlannedReferenceColumn extends ReferenceColumn {
  entity: CopiedEntity;
  reference: PlannedReference;
}

/**
 * Columns of the source's copied entities that hold ids of these targets and are to be translated, in the rows that are
 * migrated.
 */
export function referenceColumns(
  entities: readonly PlannedEntity[],
  targets: ReadonlySet<EntityKey>,
  exclusions: Exclusions,
): PlannedReferenceColumn[] {
  const copied = entities.filter((entity) => entity.role === 'copied');
  return copied.flatMap((entity) =>
    entity.columns.flatMap((column) =>
      referencesIn(entity, column)
        .filter(({ reference: { target, missing } }) => targets.has(target) && missing !== 'keep')
        .map(({ reference, source, typed }) => ({
          table: { schema: entity.source.schema, name: entity.source.table },
          column: source,
          target: reference.target,
          ...boundOf(entity),
          ...(typed === null ? {} : { typed }),
          ...rowsBehind(entity, exclusions),
          entity,
          reference,
        })),
    ),
  );
}

/** A reference that a column of the source may hold, with the types under which it does where it depends on them. */
export interface HeldReference {
  source: string;
  reference: PlannedReference;
  typed: { column: string; types: string[] } | null;
}

/** What a column of a planned entity may refer to. */
export function referencesIn(entity: PlannedEntity, column: PlannedColumn): HeldReference[] {
  const { handling } = column;
  if (handling.as !== 'reference' && handling.as !== 'typed') return [];
  return referencesOf(column).map(({ types, reference: number }) => ({
    source: handling.source,
    reference: referenceAt(entity, number),
    typed: types === null || handling.as !== 'typed' ? null : { column: handling.type, types },
  }));
}

function boundOf({ bound, source: { identifier } }: CopiedEntity): Pick<ReferenceColumn, 'bound'> {
  return bound === null || identifier === null ? {} : { bound: { column: identifier, upTo: bound } };
}

/** Rows of process instances that stay behind refer to nobody. */
function rowsBehind({ partOf }: PlannedEntity, exclusions: Exclusions): Pick<ReferenceColumn, 'behind'> {
  if (partOf === undefined || exclusions.isEmpty) return {};
  const { instances, column } = partOf;
  return { behind: { column, has: (id) => exclusions.of(instances, id) !== null } };
}
