import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOfValue, floatText, type Misfit, transferOf } from '../../src/database/sqlserver/cells.ts';
import type { ColumnType } from '../../src/database/sqlserver/columnTypes.ts';

const typeOf = (base: string, changes: Partial<ColumnType> = {}): ColumnType => ({
  base,
  length: null,
  precision: 37,
  scale: 8,
  collation: null,
  ...changes,
});
const misfit = (type: ColumnType, cell: string | Uint8Array): string => {
  try {
    transferOf(type).encode(cell);
  } catch (error) {
    return (error as Misfit).code;
  }
  return 'fits';
};

describe('sqlserver: what goes into a column', () => {
  it.each<[ColumnType, string | Uint8Array, string]>([
    [typeOf('tinyint'), '255', 'fits'],
    [typeOf('tinyint'), '256', 'overflow'],
    [typeOf('smallint'), '-32769', 'overflow'],
    [typeOf('int'), '2147483647', 'fits'],
    [typeOf('int'), '2147483648', 'overflow'],
    [typeOf('int'), '1.5', 'invalidValue'],
    [typeOf('int'), '', 'invalidValue'],
    [typeOf('bigint'), '9223372036854775807', 'fits'],
    [typeOf('bigint'), '-9223372036854775808', 'fits'],
    [typeOf('bigint'), '9223372036854775808', 'overflow'],
    [typeOf('decimal'), '99999999999999999999999999999.99999999', 'fits'],
    [typeOf('decimal'), '100000000000000000000000000000', 'overflow'],
    [typeOf('decimal'), '0.000000001', 'truncation'],
    [typeOf('decimal'), '1e5', 'invalidValue'],
    [typeOf('decimal'), '--1', 'invalidValue'],
    [typeOf('money'), '-922337203685477.5808', 'fits'],
    [typeOf('money'), '0.00001', 'truncation'],
    [typeOf('datetime'), '9999-12-31 23:59:59.997', 'fits'],
    [typeOf('datetime'), '2020-01-01 00:00:00.1234', 'truncation'],
    [typeOf('datetime2', { scale: 3 }), '2020-01-01 00:00:00.1234', 'truncation'],
    [typeOf('datetime2', { scale: 7 }), '2020-01-01 00:00:00.1234567', 'fits'],
    [typeOf('smalldatetime'), '2020-01-01 00:00:30', 'truncation'],
    [typeOf('smalldatetime'), '2020-01-01 00:01:00', 'fits'],
    [typeOf('datetime'), '2020-01-01 00:00:00.001', 'truncation'],
    [typeOf('datetime'), '1752-12-31 00:00:00', 'overflow'],
    [typeOf('datetime'), '1753-01-01 00:00:00', 'fits'],
    [typeOf('datetime'), '2020-02-30 25:00:00', 'invalidValue'],
    [typeOf('date'), '0001-01-01', 'fits'],
    [typeOf('date'), '9999-12-31', 'fits'],
    [typeOf('date'), '2020-01-01 10:00:00', 'truncation'],
    [typeOf('nvarchar', { length: 3 }), 'abc', 'fits'],
    [typeOf('nvarchar', { length: 3 }), 'abc ', 'truncation'],
    [typeOf('nvarchar', { length: 2 }), '😀', 'fits'],
    [typeOf('nvarchar', { length: 1 }), '😀', 'truncation'],
    [typeOf('varchar', { length: 3 }), 'abcd', 'truncation'],
    [typeOf('varbinary', { length: 2 }), Uint8Array.of(1, 2, 3), 'truncation'],
    [typeOf('varbinary'), Uint8Array.of(1, 2, 3), 'fits'],
    [typeOf('varbinary'), 'text', 'invalidValue'],
    [typeOf('uniqueidentifier'), '0a0b0c0d-0000-4000-8000-00000000000g', 'invalidValue'],
    [typeOf('bit'), '2', 'invalidValue'],
    [typeOf('float'), '1e999', 'overflow'],
    [typeOf('real'), '1e39', 'overflow'],
  ])('%o takes %s: %s', (type, cell, outcome) => {
    expect(misfit(type, cell)).toBe(outcome);
  });

  it('NULL fits everywhere, and an empty text or no bytes are not NULL', () => {
    for (const base of ['int', 'bit', 'decimal', 'datetime', 'nvarchar', 'varbinary', 'float', 'uniqueidentifier']) {
      expect(transferOf(typeOf(base)).encode(null)).toBeNull();
      expect(transferOf(typeOf(base)).decode(null)).toBeNull();
    }
    expect(transferOf(typeOf('nvarchar')).encode('')).toBe('');
    expect(transferOf(typeOf('varbinary')).encode(new Uint8Array())).toEqual(Buffer.alloc(0));
  });
});

describe('sqlserver: what comes out of a column', () => {
  it('a float is the shortest text that reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(floatText(value, false))).toBe(value);
      }),
    );
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = floatText(value, true);
        expect(Math.fround(Number(text))).toBe(value);
        expect(text.replace(/^-/, '').replace(/e.*/, '').length).toBeLessThanOrEqual(22);
      }),
    );
    expect(floatText(Math.fround(0.1), true)).toBe('0.1');
  });

  it('a decimal in a query is exact, or refused', () => {
    const decimal = { colName: 'x', type: { name: 'NumericN' }, scale: 8, dataLength: 17 };
    expect(cellOfValue(1.5, decimal)).toBe('1.5');
    expect(cellOfValue(-0.00000001, decimal)).toBe('-0.00000001');
    expect(cellOfValue(12345678, decimal)).toBe('12345678');
    expect(() => cellOfValue(123456789012.25, decimal)).toThrow(/cast it to varchar/);
  });

  it('a date has what the driver keeps beside it', () => {
    const at = Object.assign(new Date('2020-06-01T12:00:00.123Z'), { nanosecondsDelta: 0.0004567 });
    const column = (name: string) => ({ colName: 'x', type: { name } });
    expect(cellOfValue(at, column('DateTime2'))).toBe('2020-06-01 12:00:00.1234567');
    expect(cellOfValue(at, column('Date'))).toBe('2020-06-01');
    expect(cellOfValue(new Date('0001-01-01T00:00:00Z'), column('DateTime2'))).toBe('0001-01-01 00:00:00');
  });

  it('times lose the zeros of their fraction, and nothing of an offset', () => {
    const decode = (base: string, text: string) => transferOf(typeOf(base)).decode(text);
    expect(decode('datetimeoffset', '2020-01-01 12:30:00.1200000 +05:30')).toBe('2020-01-01 12:30:00.12 +05:30');
    expect(decode('datetimeoffset', '2020-01-01 12:30:00.0000000 -10:00')).toBe('2020-01-01 12:30:00 -10:00');
    expect(decode('datetime2', '2020-01-01 12:30:00.0000000')).toBe('2020-01-01 12:30:00');
    expect(decode('time', '12:30:00.5000000')).toBe('12:30:00.5');
    expect(decode('decimal', '100.00000000')).toBe('100');
  });

  it('small bytes are copied out of the packet they came in', () => {
    const packet = Buffer.alloc(32_768, 7);
    const cell = transferOf(typeOf('varbinary')).decode(packet.subarray(10, 14)) as Uint8Array;
    expect(cell).toEqual(Uint8Array.of(7, 7, 7, 7));
    expect(cell.buffer.byteLength).toBe(4);
  });
});
