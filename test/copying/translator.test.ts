import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyError } from '../../src/copying/errors.ts';
import { resolvePending } from '../../src/copying/translatedRows.ts';
import { createTranslator } from '../../src/copying/translator.ts';
import type { Cell } from '../../src/database/port.ts';
import type { IdMap } from '../../src/identity/idMap.ts';
import type { PlannedReference, WrittenEntity } from '../../src/plan/plan.ts';

function mapOf(pairs: Record<string, string>): IdMap {
  return { get: (id) => pairs[id], size: Object.keys(pairs).length };
}

function reference(change: Partial<PlannedReference>): PlannedReference {
  return {
    attribute: 'CustomerId',
    target: 'core*customer',
    targetName: 'Core.Customer',
    identifier: false,
    deferred: false,
    rule: 'Protect',
    missing: 'fail',
    ...change,
  };
}

/** Sales.Order (Id, Number, CustomerId), with a destination-only column. */
function order(change: Partial<PlannedReference> = {}): WrittenEntity {
  return {
    key: 'sales*order',
    espace: 'Sales',
    entity: 'Order',
    role: 'copied',
    order: 1,
    component: 0,
    source: { schema: 'public', table: 'OSUSR_A_ORDER', identifier: 'ID' },
    destination: { schema: 'public', table: 'OSUSR_B_ORDER', identifier: 'ID' },
    identifier: 'minted',
    identifierType: 'integer',
    rows: 0,
    bound: null,
    columns: [
      { destination: 'ID', kind: 'integer', handling: { as: 'identifier', source: 'ID' } },
      { destination: 'NUMBER', kind: 'text', handling: { as: 'value', source: 'NUMBER' } },
      { destination: 'CUSTOMERID', kind: 'integer', handling: { as: 'reference', source: 'CUSTOMERID', reference: 0 } },
      { destination: 'CHANNEL', kind: 'text', handling: { as: 'neutral', value: '' } },
    ],
    references: [reference(change)],
    after: [],
    differences: [],
  };
}

const translator = (entity: WrittenEntity, customers: Record<string, string>, own: Record<string, string> = {}) =>
  createTranslator(entity, { own: mapOf(own), of: () => mapOf(customers) });

describe('translating rows', () => {
  it('replaces references, leaves the identifier to the destination and fills what only it has', () => {
    const { rows, sourceIds } = translator(order(), { 7: '70' }).translate([['1', 'A-1', '7']]);
    expect(rows).toEqual([['A-1', '70', '']]);
    expect(sourceIds).toEqual(['1']);
  });

  it('keeps NULL, 0 and empty text as they are', () => {
    const source: Cell[][] = [
      ['1', null, null],
      ['2', '', '0'],
      ['3', '0', ''],
    ];
    expect(translator(order(), {}).translate(source).rows).toEqual([
      [null, null, ''],
      ['', '0', ''],
      ['0', '', ''],
    ]);
  });

  it('leaves out rows that were migrated before', () => {
    const { rows, known } = translator(order(), { 7: '70' }, { 1: '100' }).translate([
      ['1', 'A-1', '7'],
      ['2', 'A-2', '7'],
    ]);
    expect(known).toBe(1);
    expect(rows).toEqual([['A-2', '70', '']]);
  });

  it('stops at a reference to a row that was not migrated, without naming the row', () => {
    const failing = () => translator(order(), {}).translate([['1', 'A-1', '4711']]);
    expect(failing).toThrow(CopyError);
    expect(failing).toThrow(/Sales\.Order\.CustomerId refers to a row of Core\.Customer that was not migrated/);
    expect(failing).not.toThrow(/4711/);
  });

  it('writes NULL and counts it under missingReferences null', () => {
    const { rows, nulled } = translator(order({ missing: 'null' }), {}).translate([['1', 'A-1', '4711']]);
    expect(rows).toEqual([['A-1', null, '']]);
    expect(nulled).toBe(1);
  });

  it('sets the row aside under missingReferences skip', () => {
    const { rows, setAside } = translator(order({ missing: 'skip' }), {}).translate([['1', 'A-1', '4711']]);
    expect(rows).toEqual([]);
    expect(setAside).toMatchObject([{ sourceId: '1', code: 'missing-reference' }]);
    expect(setAside[0]!.reason).not.toContain('4711');
  });

  it('defers a reference per value, and fills it when its target is mapped before the row is written', () => {
    const customers: Record<string, string> = { 7: '70' };
    const translated = translator(order({ deferred: true }), customers).translate([
      ['1', 'A-1', '7'],
      ['2', 'A-2', '8'],
      ['3', 'A-3', '9'],
    ]);
    expect(translated.rows.map((row) => row[1])).toEqual(['70', null, null]);
    customers[8] = '80';
    const resolved = resolvePending(translated);
    expect(resolved.deferred).toBe(1);
    expect(resolved.translated.rows.map((row) => row[1])).toEqual(['70', '80', null]);
    expect(translated.rows.map((row) => row[1])).toEqual(['70', null, null]);
  });

  it('keeps values of references to external entities', () => {
    expect(translator(order({ missing: 'keep' }), {}).translate([['1', 'A-1', '4711']]).rows).toEqual([
      ['A-1', '4711', ''],
    ]);
  });

  it('never lets a source id through where the target has a map (property)', () => {
    const ids = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
    fc.assert(
      fc.property(fc.dictionary(ids, ids), fc.array(fc.option(ids)), (customers, values) => {
        const rows = values.map((value, index): Cell[] => [String(index), 'x', value]);
        const translated = translator(order({ missing: 'null' }), customers).translate(rows).rows;
        expect(translated.map((row) => row[1])).toEqual(
          values.map((value) => (value === null ? null : (customers[value] ?? (value === '0' ? '0' : null)))),
        );
      }),
    );
  });
});
