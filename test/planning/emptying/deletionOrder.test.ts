import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deletionOrder, type Holding } from '../../../src/planning/emptying/deletionOrder.ts';

const holding = (from: number, to: number, column: string, hard = false): Holding => ({ from, to, column, hard });

const graphs = fc.integer({ min: 1, max: 8 }).chain((tables) =>
  fc.record({
    tables: fc.constant(tables),
    holdings: fc.array(
      fc.record({
        from: fc.nat(tables - 1),
        to: fc.nat(tables - 1),
        column: fc.constantFrom('A', 'B', 'C'),
        hard: fc.boolean(),
      }),
      { maxLength: 20 },
    ),
  }),
);

/** Whether tables hold each other in columns that take no NULL. */
function hasHardCircle(tables: number, holdings: readonly Holding[]): boolean {
  const left = new Set(Array.from({ length: tables }, (_, table) => table));
  for (let removed = true; removed; ) {
    removed = false;
    for (const table of left) {
      if (holdings.some(({ from, to, hard }) => hard && to === table && left.has(from))) continue;
      left.delete(table);
      removed = true;
    }
  }
  return left.size > 0;
}

describe('the order in which tables are emptied', () => {
  it('has those that refer to others first', () => {
    const { order, nulled } = deletionOrder(3, [holding(0, 1, 'ORDERID'), holding(1, 2, 'CUSTOMERID')]);
    expect(order).toEqual([0, 1, 2]);
    expect(nulled.size).toBe(0);
  });

  it('breaks circles where a column may be NULL, and only there', () => {
    const { order, nulled, stuck } = deletionOrder(2, [
      holding(0, 1, 'LASTINVOICEID'),
      holding(1, 0, 'ORDERID', true),
      holding(0, 0, 'PARENTID'),
    ]);
    expect(order).toEqual([1, 0]);
    expect(nulled).toEqual(new Map([[0, ['LASTINVOICEID', 'PARENTID']]]));
    expect(stuck).toEqual([]);
  });

  it('says which tables no order can empty', () => {
    const { stuck } = deletionOrder(3, [
      holding(0, 1, 'ID', true),
      holding(1, 0, 'ID', true),
      holding(2, 0, 'ID', true),
    ]);
    expect(stuck.map((tables) => [...tables].sort())).toEqual([[0, 1]]);
  });

  it('lets every table go without a row that still refers to it, whatever refers to whatever', () => {
    fc.assert(
      fc.property(graphs, ({ tables, holdings }) => {
        const { order, nulled, stuck } = deletionOrder(tables, holdings);
        expect([...order].sort((left, right) => left - right)).toEqual(Array.from({ length: tables }, (_, one) => one));
        expect(stuck.length > 0).toBe(hasHardCircle(tables, holdings));
        const isNulled = ({ from, column }: Holding) => nulled.get(from)?.includes(column) ?? false;
        const place = new Map(order.map((table, index) => [table, index]));
        for (const one of holdings) {
          if (stuck.some((some) => some.includes(one.from) && some.includes(one.to))) continue;
          const goesFirst = place.get(one.from)! < place.get(one.to)!;
          if (one.hard) expect(goesFirst).toBe(true);
          else expect(goesFirst || isNulled(one)).toBe(true);
        }
      }),
    );
  });
});
