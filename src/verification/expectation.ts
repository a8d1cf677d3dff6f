import { cellOfKind } from '../database/canonicalText.ts';
import type { Cell } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { PlannedColumn, PlannedReference, WrittenEntity } from '../plan/plan.ts';
import type { Exclusions } from '../processes/exclusions.ts';

/** No value would be right: the row refers to one that was not migrated, so it should not be there. */
export const impossible = Symbol('impossible');
/** NULL, and an open issue must say why: the target of a deferred reference was not migrated. */
export const unfilled = Symbol('unfilled');

/** What one column of the destination must hold, given the cell of the source. */
export interface ColumnExpectation {
  /** Column of the destination. */
  column: string;
  /** Column of the source; null where the destination's value does not come from there. */
  source: string | null;
  /** Column of the source by whose type the cell is to be understood; null where there is none. */
  type: string | null;
  expected(cell: Cell, type: Cell): Cell | typeof impossible | typeof unfilled;
}

/**
 * What the destination must hold by the plan and the id maps, column by column. Minted identifiers are left out: their
 * row is found by them.
 */
export function expectationsOf(
  entity: WrittenEntity,
  maps: ReadonlyMap<EntityKey, IdMap>,
  exclusions: Exclusions,
): ColumnExpectation[] {
  return entity.columns
    .filter(({ handling }) => !(handling.as === 'identifier' && entity.identifier === 'minted'))
    .map((column) => expectationOf(entity, column, maps, exclusions));
}

function expectationOf(
  entity: WrittenEntity,
  { destination, handling, kind }: PlannedColumn,
  maps: ReadonlyMap<EntityKey, IdMap>,
  exclusions: Exclusions,
): ColumnExpectation {
  const expectedOf = (number: number) => {
    const reference = referenceOf(entity, number);
    return expectedReference(reference, maps.get(reference.target), exclusions);
  };
  switch (handling.as) {
    case 'neutral': {
      const value = cellOfKind(kind, handling.value);
      return { column: destination, source: null, type: null, expected: () => value };
    }
    case 'reference':
      return { column: destination, source: handling.source, type: null, expected: expectedOf(handling.reference) };
    case 'typed': {
      const byType = new Map(Object.entries(handling.references).map(([type, number]) => [type, expectedOf(number)]));
      const expected = (cell: Cell, type: Cell) => (byType.get(String(type).toLowerCase()) ?? asItIs)(cell);
      return { column: destination, source: handling.source, type: handling.type, expected };
    }
    default:
      return {
        column: destination,
        source: handling.source,
        type: null,
        expected: kind === 'datetime' ? asMoment : asItIs,
      };
  }
}

/** @throws Error for a number that the plan gave to no reference. */
function referenceOf(entity: WrittenEntity, number: number): PlannedReference {
  const reference = entity.references[number];
  if (reference === undefined) throw new Error(`${entity.key}: the plan has no reference ${number}`);
  return reference;
}

/** @param map of the target; undefined where its ids mean the same in both environments. */
function expectedReference(
  reference: PlannedReference,
  map: IdMap | undefined,
  exclusions: Exclusions,
): (cell: Cell) => Cell | typeof impossible | typeof unfilled {
  const unmapped =
    reference.identifier || reference.missing === 'fail'
      ? impossible
      : reference.missing === 'null'
        ? null
        : reference.deferred
          ? unfilled
          : impossible;
  return (cell) => {
    if (typeof cell !== 'string' || map === undefined) return cell;
    const mapped = map.get(cell);
    if (mapped !== undefined) return mapped;
    // 0 and '' mean "no row" and stay what they are (trap 39).
    if ((cell === '0' || cell === '') && !reference.identifier) return cell;
    return exclusions.leavesOut(reference, cell) && !reference.identifier ? null : unmapped;
  };
}

const asItIs = (cell: Cell) => cell;

/** A date that went into a column of date and time, as that column shows it. */
const asMoment = (cell: Cell) =>
  typeof cell === 'string' && cell.length === 10 && cell[4] === '-' ? `${cell} 00:00:00` : cell;

/** Cells are in the port's canonical form, so equal values are equal cells. */
export function sameCell(left: Cell, right: Cell): boolean {
  if (left === right) return true;
  if (!(left instanceof Uint8Array && right instanceof Uint8Array)) return false;
  return Buffer.compare(left, right) === 0;
}
