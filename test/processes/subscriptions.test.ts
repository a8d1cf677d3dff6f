import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../src/database/port.ts';
import type { EventTable } from '../../src/plan/eventTable.ts';
import {
  missingRows,
  packSubscriptions,
  translateSubscription,
  union,
  unpackSubscriptions,
} from '../../src/processes/subscriptions.ts';

const cell = fc.oneof(fc.constantFrom('1', '2', '', null), fc.uint8Array({ maxLength: 2 }));
const rows = fc.array(fc.tuple(cell, cell), { maxLength: 12 }) as fc.Arbitrary<Row[]>;
const times = (set: Row[], row: Row) => set.filter((other) => JSON.stringify(other) === JSON.stringify(row)).length;

describe('sets of subscriptions, whose rows have no key', () => {
  it('are united without losing or doubling a row, in any order and as often as one likes', () => {
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const all = union(left, right);
        for (const row of [...left, ...right]) {
          expect(times(all, row)).toBe(Math.max(times(left, row), times(right, row)));
        }
        expect(union(all, right).length).toBe(all.length);
        expect(missingRows(all, union(right, left))).toEqual([]);
      }),
    );
  });

  it('are made whole by exactly what is lacking, whatever else is there', () => {
    fc.assert(
      fc.property(rows, rows, (wanted, there) => {
        const after = [...there, ...missingRows(wanted, there)];
        for (const row of wanted) expect(times(after, row)).toBe(Math.max(times(wanted, row), times(there, row)));
        expect(missingRows(wanted, after)).toEqual([]);
      }),
    );
  });

  it('come back from the journal as they went in', () => {
    fc.assert(
      fc.property(rows, (set) => {
        expect(unpackSubscriptions(packSubscriptions(set))).toEqual(set);
      }),
    );
  });
});

describe('a subscription of an activity', () => {
  const table: EventTable = {
    entity: 'e*order',
    name: 'Sales.Order',
    of: { schema: 'public', name: 'OSUSR_x_Order' },
    destination: {
      schema: 'public',
      name: 'OSEVT_x_Order',
      columns: ['_TENANT_ID', '_ACTIVITY_ID', '_IS_UPDATE', 'ID', 'NEW'],
    },
    source: { schema: 'public', name: 'OSEVT_a_Order' },
    silenced: true,
    columns: [
      { source: '_ACTIVITY_ID', destination: '_ACTIVITY_ID', target: 'activity' },
      { source: '_TENANT_ID', destination: '_TENANT_ID', target: 'tenant' },
      { source: '_IS_UPDATE', destination: '_IS_UPDATE', target: null },
      { source: 'ID', destination: 'ID', target: 'e*order' },
    ],
    sourceOnly: ['OLDID'],
  };
  const maps: Record<string, Record<string, string>> = {
    activity: { '7': '70' },
    tenant: { '2': '5' },
    'e*order': { '11': '1100' },
  };
  const translate = (row: Row) =>
    translateSubscription(table, row, (target) => ({ get: (id) => maps[target]?.[id], size: 1 }));

  it('is translated; any row stays any row, and any tenant any tenant', () => {
    expect(translate(['7', '2', '1', '11', null])).toEqual({ row: ['5', '70', '1', '1100', null] });
    expect(translate(['7', '0', '0', null, null])).toEqual({ row: ['0', '70', '0', null, null] });
  });

  it('never comes to mean any row because an id has no counterpart', () => {
    expect(translate(['7', '2', '1', '12', null])).toEqual({
      activity: '7',
      why: { fault: 'row not migrated', filter: 'ID' },
    });
    expect(translate(['7', '2', '1', '11', '4'])).toMatchObject({
      why: { fault: 'column missing', filter: 'OLDID' },
    });
  });

  it('stays behind with its activity, and one that starts processes stays where it is', () => {
    expect(translate(['8', '2', '1', '11', null])).toEqual({ staysBehind: true });
    expect(translate([null, '2', '1', '11', null])).toEqual({ staysBehind: true });
    expect(translate(['0', '2', '1', '11', null])).toEqual({ staysBehind: true });
  });
});
