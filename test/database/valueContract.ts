import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellOfKind } from '../../src/database/canonicalText.ts';
import type { Cell, Row } from '../../src/database/port.ts';
import { queryRows } from '../../src/database/queries.ts';
import { sql } from '../../src/database/sql.ts';
import { neutralValue } from '../../src/planning/drafting/neutralValues.ts';
import { type ContractGround, tableName } from './contract.ts';

const columns = [
  'ID',
  'BIGINT',
  'INTEGER',
  'DECIMAL',
  'BOOLEAN',
  'TEXT',
  'BINARY',
  'DATETIME',
  'DATE',
  'TIME',
  'FLOAT',
  'UUID',
];

const whole = (bits: bigint) => fc.bigInt({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }).map(String);

const decimal = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 29n - 1n }), fc.integer({ min: 0, max: 99_999_999 }), fc.boolean())
  .map(([units, fraction, negative]) => {
    const digits = String(fraction).padStart(8, '0').replace(/0+$/, '');
    const plain = digits === '' ? String(units) : `${units}.${digits}`;
    return negative && plain !== '0' ? `-${plain}` : plain;
  });

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc
    .array(fc.constantFrom('\t', '\n', '\r', '\\', '\\N', '\\.', "'", '"', ' ', 'é', '😀', '\b', '\v', '\f', 'N', ','))
    .map((parts) => parts.join('')),
);

/** What only some engines hold. */
const anyText = fc.oneof(
  text,
  fc.array(fc.constantFrom('\0', '\ud83d', '\ude00', 'a', ' ', '\uffff')).map((parts) => parts.join('')),
);

const day = fc.date({ min: new Date('1753-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const iso = (date: Date) => date.toISOString();
const cell = (value: fc.Arbitrary<Cell>) => fc.option(value, { nil: null, freq: 6 });

const rowOf = (texts: fc.Arbitrary<string>) =>
  fc.tuple(
    cell(whole(64n)),
    cell(whole(32n)),
    cell(decimal),
    cell(fc.constantFrom('0', '1')),
    cell(texts),
    cell(fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.from(bytes))),
    cell(day.map((date) => `${iso(date).slice(0, 10)} ${iso(date).slice(11, 19)}`)),
    cell(day.map((date) => iso(date).slice(0, 10))),
    cell(day.map((date) => iso(date).slice(11, 19))),
    cell(fc.constantFrom('0', '1.5', '-2.25', '0.1', '123456.789')),
    cell(fc.uuid()),
  );

export function describeValues(ground: ContractGround): void {
  const { database } = ground;
  const table = () => tableName(ground, 'VALUES');

  async function roundTrip(rows: Row[]): Promise<Row[]> {
    const { rows: login, readOnly } = database();
    await login.execute(sql`delete from "VALUES"`);
    await login.transaction(async (transaction) => {
      await transaction.insertStaged(await transaction.stage(table(), columns, rows), null);
    });
    const read: Row[] = [];
    for await (const batch of readOnly.readRows({
      table: table(),
      columns,
      key: 'ID',
      batch: { rows: 1000, bytes: 1 << 24 },
    })) {
      read.push(...batch);
    }
    return read;
  }

  describe('values', () => {
    it('come back exactly as they were, whatever they are', async () => {
      const row = rowOf(database().can.holdEveryText ? anyText : text.map((value) => value.replaceAll('\0', '')));
      await fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (values) => {
          const rows = values.map((value, index): Row => [String(index + 1), ...value]);
          expect(await roundTrip(rows)).toEqual(rows);
        }),
        { numRuns: 40 },
      );
    }, 60_000);

    it('keep their extremes, and tell empty from NULL', async () => {
      const rest = (changes: Partial<Record<string, Cell>>): Row =>
        columns.slice(1).map((column) => changes[column] ?? null);
      const rows: Row[] = [
        rest({ BIGINT: '9223372036854775807', DECIMAL: '99999999999999999999999999999.99999999', TEXT: '' }),
        rest({ BIGINT: '-9223372036854775808', DECIMAL: '-0.00000001', BINARY: new Uint8Array(0) }),
        rest({ DATETIME: '1900-01-01 00:00:00', DATE: '9999-12-31', TIME: '23:59:59.5', TEXT: '\\N' }),
        rest({ DATETIME: '9999-12-31 23:59:59.997', TEXT: '\\.', BOOLEAN: '0', DECIMAL: '10' }),
        rest({ FLOAT: '1.7976931348623157e+308', TEXT: '\\\\N\t\n', DECIMAL: '100000' }),
      ].map((cells, index) => [String(index + 1), ...cells]);
      expect(await roundTrip(rows)).toEqual(rows);
    });

    it('of many megabytes come back, text and binary, next to small ones', async () => {
      const bytes = new Uint8Array(5_000_001).map((_, index) => (index * 31) % 251);
      const long = 'wörd😀\t\\'.repeat(400_000);
      const rows: Row[] = ['1', '2', '3'].map((id) => [id, ...columns.slice(1).map((): Cell => null)]);
      rows[1]![columns.indexOf('BINARY')] = bytes;
      rows[1]![columns.indexOf('TEXT')] = long;
      rows[1]![columns.indexOf('DECIMAL')] = '1.5';
      const read = await roundTrip(rows);
      expect(read.length).toBe(3);
      expect(read[1]![columns.indexOf('TEXT')] === long).toBe(true);
      expect(Buffer.compare(read[1]![columns.indexOf('BINARY')] as Uint8Array, bytes)).toBe(0);
      expect(read[1]![columns.indexOf('DECIMAL')]).toBe('1.5');
      expect(read[2]).toEqual(rows[2]);
    }, 60_000);

    it.each([
      ['INTEGER', 'integer', '7'],
      ['DECIMAL', 'decimal', '1.5'],
      ['FLOAT', 'float', '2.5'],
      ['BOOLEAN', 'boolean', '1'],
      ['TEXT', 'text', 'given'],
      ['BINARY', 'binary', Uint8Array.of(1, 2)],
      ['DATETIME', 'datetime', '2001-02-03 04:05:06'],
      ['DATE', 'date', '2001-02-03'],
      ['TIME', 'time', '04:05:06'],
      ['UUID', 'uuid', '0a0b0c0d-0000-4000-8000-000000000001'],
    ] as const)('that are blank, NULL or left to the default stay so: %s', async (column, kind, given) => {
      const { rows: login } = database();
      const defaults = tableName(ground, 'DEFAULTS');
      const [described] = await login.tables(['DEFAULTS']);
      expect(described!.columns.find(({ name }) => name.toUpperCase() === column)).toMatchObject({ kind });
      // What the plan writes where only the destination has the attribute.
      const blank = cellOfKind(kind, neutralValue(kind));
      await login.execute(sql`delete from "DEFAULTS"`);
      await login.transaction(async (transaction) => {
        const both = await transaction.stage(
          defaults,
          ['ID', column],
          [
            ['1', blank],
            ['2', null],
          ],
        );
        await transaction.insertStaged(both, null);
        await transaction.insertStaged(await transaction.stage(defaults, ['ID'], [['3']]), null);
      });
      const read = await queryRows(login, [sql.id(column)], sql`from "DEFAULTS" order by "ID"`);
      expect(read).toEqual([[blank], [null], [given]]);
    });

    it('have the same form in the result of a query', async () => {
      const values: Row = [
        '1',
        '5',
        '-7',
        '1.5',
        '1',
        'tab\there?',
        Uint8Array.of(0, 255),
        '2020-02-29 12:00:00.5',
        '2020-02-29',
        '01:02:03',
        '0.1',
        '0a0b0c0d-0000-4000-8000-000000000001',
      ];
      await roundTrip([values]);
      const names = columns.map((column) => sql.id(column));
      const from = sql`from "VALUES" where "TEXT" = ${'tab\there?'}`;
      expect(await queryRows(database().rows, names, from)).toEqual([values]);
    });
  });
}
