import type { Cell } from '../database/port.ts';
import type { IdMap } from '../identity/idMap.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { PlannedColumn, PlannedEntity } from '../planning/plan.ts';

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
  expected(cell: Cell): Cell | typeof impossible | typeof unfilled;
}

/**
 * What the destination must hold by the plan and the id maps, column by column. Minted identifiers are left out: their
 * row is found by them.
 */
export function expectationsOf(entity: PlannedEntity, maps: ReadonlyMap<EntityKey, IdMap>): ColumnExpectation[] {
  return entity.columns
    .filter(({ handling }) => !(handling.as === 'identifier' && entity.identifier === 'minted'))
    .map((column) => expectationOf(entity, column, maps));
}

function expectationOf(
  entity: PlannedEntity,
  { destination, handling, kind }: PlannedColumn,
  maps: ReadonlyMap<EntityKey, IdMap>,
): ColumnExpectation {
  switch (handling.as) {
    case 'neutral': {
      // The plan writes no bytes as '' (plan.ts).
      const value = kind === 'binary' && handling.value === '' ? new Uint8Array() : handling.value;
      return { column: destination, source: null, expected: () => value };
    }
    case 'reference': {
      const reference = entity.references[handling.reference]!;
      const map = maps.get(reference.target);
      const unmapped =
        reference.identifier || reference.missing === 'fail'
          ? impossible
          : reference.missing === 'null'
            ? null
            : reference.deferred
              ? unfilled
              : impossible;
      const expected = (cell: Cell) => {
        if (typeof cell !== 'string' || map === undefined) return cell;
        const mapped = map.get(cell);
        if (mapped !== undefined) return mapped;
        // 0 and '' mean "no row" and stay what they are (trap 39).
        return (cell === '0' || cell === '') && !reference.identifier ? cell : unmapped;
      };
      return { column: destination, source: handling.source, expected };
    }
    default:
      return { column: destination, source: handling.source, expected: kind === 'datetime' ? asMoment : asItIs };
  }
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
