import { groupsOf, placesOf, stronglyConnectedComponents } from '../order/graph.ts';

/**
 * A constraint between tables that are emptied, by their numbers: rows of `from` hold back rows of `to` in this column.
 */
export interface Holding {
  from: number;
  to: number;
  column: string;
  /** The column takes no NULL: rows of `from` must go first. */
  hard: boolean;
}

export interface DeletionOrder {
  /** Tables in the order in which they are emptied. */
  order: number[];
  /**
   * By table, the columns that are set to NULL before any table is emptied: what they refer to goes earlier, or
   * together with it.
   */
  nulled: Map<number, string[]>;
  /** Circles that nothing can break. */
  stuck: number[][];
}

/**
 * The order in which tables can be emptied, those that refer to others first; circles are broken where a column may be
 * NULL (guide, "Destination Entities Data").
 */
export function deletionOrder(tables: number, holdings: readonly Holding[]): DeletionOrder {
  const edges = holdings.map(({ from, to, hard }) => ({ from, to, hard, weight: 0 }));
  const components = stronglyConnectedComponents({ nodes: tables, edges });
  const componentOf = groupsOf(components);
  // Within a circle, what cannot be set to NULL decides; both lists have those referred to first.
  const byHard = stronglyConnectedComponents({ nodes: tables, edges }, ({ from, to, hard }) => {
    return hard && componentOf(from) === componentOf(to);
  });
  const rankOf = groupsOf(byHard);
  const order = components.flatMap((nodes) => nodes.toSorted((left, right) => rankOf(left) - rankOf(right))).reverse();
  const selfHeld = new Set(holdings.filter(({ from, to, hard }) => hard && from === to).map(({ from }) => from));
  const stuck = byHard.filter((nodes) => nodes.length > 1 || nodes.some((table) => selfHeld.has(table)));
  return { order, nulled: nulledColumns(order, holdings), stuck };
}

function nulledColumns(order: readonly number[], holdings: readonly Holding[]): Map<number, string[]> {
  const placeOf = placesOf(order);
  const nulled = new Map<number, string[]>();
  for (const { from, to, column, hard } of holdings) {
    if (hard || placeOf(from) < placeOf(to)) continue;
    const columns = nulled.get(from) ?? [];
    if (!columns.includes(column)) nulled.set(from, [...columns, column]);
  }
  return nulled;
}
