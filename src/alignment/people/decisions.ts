import type { EntityKey } from '../../outsystems/catalog.ts';

/** A source id and what it leads to. */
export type IdPair = [string, string];

/**
 * What becomes of the rows of one aligned entity, by source id: each row of the domain is in exactly one of the lists,
 * `gone` aside. For links between people, groups and roles all are in `created`: which of them the destination has
 * already shows only when the people are there.
 */
export interface Decisions {
  entity: EntityKey;
  /** Stay as they are: [source id, destination id]. */
  matched: IdPair[];
  /** Overwritten: [source id, destination id]. */
  updated: IdPair[];
  /** Deleted in the destination and inserted anew: [source id, id of the row that is deleted]. */
  recreated: IdPair[];
  /** Inserted, unless by then the destination has such a row. */
  created: string[];
  /** Mapped to the row that is inserted for another one: [source id, source id of that one]. */
  merged: IdPair[];
  /** Of those to be inserted, the ones that earlier runs mapped to rows that are gone. */
  gone: string[];
}

export const noDecisions = (entity: EntityKey): Decisions => ({
  entity,
  matched: [],
  updated: [],
  recreated: [],
  created: [],
  merged: [],
  gone: [],
});

/** Source ids that the decisions are about. */
export function decidedIds({ matched, updated, recreated, created, merged }: Decisions): string[] {
  return [...[matched, updated, recreated, merged].flatMap((pairs) => pairs.map(([id]) => id)), ...created];
}
