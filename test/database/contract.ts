import { afterAll, beforeAll, describe } from 'vitest';
import type { EngineName } from '../../src/database/port.ts';
import { describeCatalog } from './catalogContract.ts';
import { describeErrors } from './errorContract.ts';
import type { DatabaseHarness, TestDatabase, TestTable } from './harness.ts';
import { describeLoss } from './lossContract.ts';
import { describeReading } from './readingContract.ts';
import { describeStatements } from './statementContract.ts';
import { describeTransactions } from './transactionContract.ts';
import { describeValues } from './valueContract.ts';
import { describeWriting } from './writingContract.ts';

export const contractTables: TestTable[] = [
  {
    name: 'PARENT',
    columns: [
      { name: 'ID', type: 'identity' },
      { name: 'NAME', type: 'text(50)' },
    ],
    primaryKey: ['ID'],
  },
  { name: 'LOG', columns: [{ name: 'ID', type: 'identity' }], primaryKey: ['ID'] },
  {
    name: 'osusr_abc_Child',
    columns: [
      { name: 'ID', type: 'identity' },
      { name: 'PARENTID', type: 'bigint' },
      { name: 'CODE', type: 'text(50)' },
      { name: 'AMOUNT', type: 'decimal(37,8)', default: '0' },
      { name: 'NOTE', type: 'text' },
      { name: 'COUNT', type: 'integer' },
    ],
    primaryKey: ['ID'],
    index: { name: 'OSIDX_CHILD_PARENT', columns: ['PARENTID', 'COUNT'] },
    references: [
      { name: 'OSFRK_CHILD_PARENT', column: 'PARENTID', table: 'PARENT', targetColumn: 'ID', cascade: true },
    ],
    trigger: { name: 'OSTRG_EI__CHILD', insertsInto: 'LOG' },
  },
  {
    // Of its own: where an engine lets only one NULL into a unique index, no other test must need two.
    name: 'CODED',
    columns: [
      { name: 'ID', type: 'identity' },
      { name: 'CODE', type: 'text(50)' },
    ],
    primaryKey: ['ID'],
    unique: { name: 'OSIDX_CODED_CODE', columns: ['CODE'] },
  },
  {
    name: 'VALUES',
    columns: [
      { name: 'ID', type: 'bigint' },
      { name: 'BIGINT', type: 'bigint' },
      { name: 'INTEGER', type: 'integer' },
      { name: 'DECIMAL', type: 'decimal(37,8)' },
      { name: 'BOOLEAN', type: 'boolean' },
      { name: 'TEXT', type: 'text' },
      { name: 'BINARY', type: 'binary' },
      { name: 'DATETIME', type: 'datetime' },
      { name: 'DATE', type: 'date' },
      { name: 'TIME', type: 'time' },
      { name: 'FLOAT', type: 'float' },
      { name: 'UUID', type: 'uuid' },
    ],
    primaryKey: ['ID'],
  },
  {
    name: 'DEFAULTS',
    columns: [
      { name: 'ID', type: 'bigint' },
      { name: 'INTEGER', type: 'integer', default: '7' },
      { name: 'DECIMAL', type: 'decimal(37,8)', default: '1.5' },
      { name: 'FLOAT', type: 'float', default: '2.5' },
      { name: 'BOOLEAN', type: 'boolean', default: "'1'" },
      { name: 'TEXT', type: 'text(50)', default: "'given'" },
      { name: 'BINARY', type: 'binary', default: '0102' },
      { name: 'DATETIME', type: 'datetime', default: "'2001-02-03 04:05:06'" },
      { name: 'DATE', type: 'date', default: "'2001-02-03'" },
      { name: 'TIME', type: 'time', default: "'04:05:06'" },
      { name: 'UUID', type: 'uuid', default: "'0a0b0c0d-0000-4000-8000-000000000001'" },
    ],
    primaryKey: ['ID'],
  },
  {
    name: 'TEXTKEY',
    columns: [
      { name: 'CODE', type: 'text(50)' },
      { name: 'N', type: 'integer' },
    ],
    primaryKey: ['CODE'],
  },
  {
    name: 'CASELESSKEY',
    columns: [
      { name: 'CODE', type: 'caseless text(50)' },
      { name: 'N', type: 'integer' },
    ],
    primaryKey: ['CODE'],
  },
  {
    name: 'PEOPLE',
    columns: [
      { name: 'ID', type: 'identity' },
      { name: 'TENANT', type: 'integer' },
      { name: 'NAME', type: 'caseless text(50)' },
      { name: 'EMAIL', type: 'text(50)' },
    ],
    primaryKey: ['ID'],
  },
  {
    name: 'UUIDKEY',
    columns: [
      { name: 'KEY', type: 'uuid' },
      { name: 'N', type: 'integer' },
    ],
    primaryKey: ['KEY'],
  },
  {
    name: 'MANY',
    columns: [
      { name: 'ID', type: 'bigint' },
      { name: 'NOTE', type: 'text' },
    ],
    primaryKey: ['ID'],
  },
  {
    name: 'PLAIN',
    columns: [
      { name: 'A', type: 'integer' },
      { name: 'B', type: 'text', required: true },
    ],
  },
];

/** What a part of the contract works on; the database is there once the tests run. */
export interface ContractGround {
  harness: DatabaseHarness;
  database(): TestDatabase;
}

/** What every engine must do, the same for all: run it once for each that is reachable. */
export function describeDatabaseContract(engine: EngineName, harness: DatabaseHarness): void {
  describe(`${engine} keeps the database contract`, () => {
    let database: TestDatabase | undefined;
    beforeAll(async () => {
      database = await harness.create(contractTables);
    }, 60_000);
    afterAll(async () => {
      await database?.drop();
    });
    const ground: ContractGround = { harness, database: () => database! };
    describeCatalog(ground);
    describeValues(ground);
    describeReading(ground);
    describeWriting(ground);
    describeTransactions(ground);
    describeStatements(ground);
    describeErrors(ground);
    describeLoss(ground);
  });
}

/** Names a table of the test database. */
export function tableName({ database }: ContractGround, name: string) {
  return { schema: database().schema, name };
}

/** A name as the server gives it back. */
export function seenName({ database }: ContractGround, name: string): string {
  return database().can.keepNames ? name : name.toLowerCase();
}
