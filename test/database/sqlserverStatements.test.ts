import { Dialect, parse } from '@polyglot-sql/sdk';
import { describe, expect, it } from 'vitest';
import type { RowRead, TableName } from '../../src/database/port.ts';
import { render, sql } from '../../src/database/sql.ts';
import {
  columnsOf,
  foreignKeysOf,
  indexesOf,
  tablesQuestion,
  triggersOf,
} from '../../src/database/sqlserver/catalog.ts';
import { transferOf } from '../../src/database/sqlserver/cells.ts';
import { clockQuestion } from '../../src/database/sqlserver/clock.ts';
import type { ColumnType } from '../../src/database/sqlserver/columnTypes.ts';
import { dialect } from '../../src/database/sqlserver/dialect.ts';
import { factsQuestion, freeLogQuestion, otherSessionsQuestion } from '../../src/database/sqlserver/facts.ts';
import { quoteIdentifier } from '../../src/database/sqlserver/quoting.ts';
import {
  allStatement,
  keysStatement,
  lastKeyQuestion,
  pageStatement,
  readCommitted,
} from '../../src/database/sqlserver/reading.ts';
import { identityQuestion, rightsQuestion } from '../../src/database/sqlserver/rights.ts';
import { isolationQuestion, settings } from '../../src/database/sqlserver/sessionSettings.ts';
import { counted } from '../../src/database/sqlserver/statements.ts';
import { columnsQuestion } from '../../src/database/sqlserver/tableTypes.ts';
import {
  countQuestion,
  existingQuestion,
  lockStatement,
  maximumQuestion,
} from '../../src/database/sqlserver/transaction.ts';
import {
  clearColumnsStatement,
  codePageQuestion,
  deleteKeysStatement,
  deleteSomeStatement,
  deleteStatement,
  dropStatement,
  fillStatement,
  insertStatement,
  matchQuestion,
  mintedQuestion,
  overwriteStatement,
  type StagedTable,
  stageStatement,
  twinsQuestion,
} from '../../src/database/sqlserver/writing.ts';

/** Names that break what does not quote them. */
const table: TableName = { schema: 'd b"o', name: "OSUSR_a'b]c [d" };
const columns = ['ID', 'select', 'a]b', 'with space', "it's", 'what?', '"x"', 'ç'];

const bases: [string, number | null, string | null][] = [
  ['tinyint', null, null],
  ['smallint', null, null],
  ['int', null, null],
  ['bigint', null, null],
  ['bit', null, null],
  ['decimal', null, null],
  ['numeric', null, null],
  ['money', null, null],
  ['smallmoney', null, null],
  ['float', null, null],
  ['real', null, null],
  ['char', 10, 'Latin1_General_CI_AI'],
  ['varchar', 250, 'Latin1_General_CI_AI'],
  ['varchar', null, 'Latin1_General_CI_AI'],
  ['text', null, 'Latin1_General_CI_AI'],
  ['nchar', 10, 'Latin1_General_CI_AI'],
  ['nvarchar', 50, 'Latin1_General_CI_AI'],
  ['nvarchar', null, 'Latin1_General_CI_AI'],
  ['ntext', null, 'Latin1_General_CI_AI'],
  ['binary', 16, null],
  ['varbinary', null, null],
  ['image', null, null],
  ['timestamp', null, null],
  ['datetime', null, null],
  ['smalldatetime', null, null],
  ['datetime2', null, null],
  ['datetimeoffset', null, null],
  ['date', null, null],
  ['time', null, null],
  ['uniqueidentifier', null, null],
  ['xml', null, null],
  ['sql_variant', null, null],
  ['clr', null, null],
];
const types: ColumnType[] = bases.map(([base, length, collation]) => ({
  base,
  length,
  collation,
  precision: 37,
  scale: 7,
}));
/** As many types as there are names, in turn. */
const typesFrom = (start: number) => columns.map((_, index) => types[(start + index) % types.length]!);

const batch = { rows: 1, bytes: 1 };
const read: RowRead = { table, columns, key: 'a]b', anyNotNull: ['what?', 'select'], batch };

const statements: [string, string][] = [
  ['session settings', settings('SNAPSHOT')],
  ['session settings, read committed', settings('READ COMMITTED')],
  ['isolation', isolationQuestion],
  ['version', 'SELECT @@VERSION'],
  ['clock', clockQuestion],
  ['isolation of reading by keys', readCommitted],
  ['facts', factsQuestion],
  ['free log', freeLogQuestion],
  ['sessions of others', otherSessionsQuestion],
  ['tables', tablesQuestion],
  ['columns', columnsOf('1, 2')],
  ['foreign keys', foreignKeysOf('1, 2')],
  ['indexes', indexesOf('1, 2')],
  ['triggers', triggersOf('1, 2')],
  ['column types', columnsQuestion],
  ['rights', rightsQuestion(3)],
  ['identity positions', identityQuestion(3)],
  ['lock', lockStatement],
  ['maximum', maximumQuestion(table, 'a]b')],
  ['count', countQuestion(table)],
  ['drop', dropStatement(['#caravel_stage_1', '#caravel_stage_1_ids'])],
  ['touched rows', counted(`DELETE FROM ${quoteIdentifier(table.name)}`)],
];
for (const [start, type] of types.entries()) {
  const about = (what: string): string => `${what}, from ${type.base}${type.length === null ? '' : `(${type.length})`}`;
  const some = typesFrom(start);
  const stage: StagedTable = { table, columns, rows: 1, temporary: '#caravel_stage_1', types: some };
  const range = { after: '1', upTo: '2' };
  const among = { column: "it's", type, keys: '#caravel_keys' };
  const page = { key: 'a]b', keyType: type, bounds: { after: true, upTo: true }, among };
  statements.push(
    [about('read all'), allStatement({ ...read, key: null }, some)],
    [about('read a page'), pageStatement(read, columns, some, page)],
    [about('end of a page'), lastKeyQuestion(read, page, 100)],
    [about('keys'), keysStatement('#caravel_keys', transferOf(type))],
    [about('existing keys'), existingQuestion(table, 'a]b', type)],
    [about('stage'), stageStatement(stage.temporary, some.map(transferOf))],
    [about('insert, minted ids'), insertStatement(stage, 'ID')],
    [about('insert, own ids'), insertStatement(stage, null)],
    [about('minted ids'), mintedQuestion(stage)],
    [about('fill'), fillStatement(stage, 'ID', ['select', "it's"])],
    [about('overwrite'), overwriteStatement(stage, 'ID', ['select', "it's"])],
    [about('match'), matchQuestion(stage, { on: ['select', "it's"], columns: ['ID', 'what?'] }, typesFrom(start + 2))],
    [about('match in a range'), matchQuestion(stage, { on: ['ID'], columns: ['ID'], range: { from: 0, to: 5 } }, some)],
    [about('twins'), twinsQuestion(stage, ['select', 'a]b'])],
    [about('delete'), deleteStatement(table, 'a]b', type, range)],
    [about('delete keys'), deleteKeysStatement(table, 'a]b', type)],
    [about('delete some'), deleteSomeStatement(table, 10_000)],
    [about('clear columns'), clearColumnsStatement(table, 'a]b', type, ['select', "it's"])],
    [about('code page'), codePageQuestion(stage.temporary, 0, type)],
  );
}

/** Where the grammar is behind the language, in words that mean the same to it. */
const inGrammar = (statement: string) => statement.replace(/^DELETE TOP \(\d+\) FROM/, 'DELETE FROM');

describe('sqlserver: every statement is T-SQL', () => {
  it.each(statements)('%s', (_, statement) => {
    const result = parse(inGrammar(statement), Dialect.TSQL);
    expect(result.error, inGrammar(statement)).toBeNull();
    expect(result.success).toBe(true);
  });

  it('and the grammar refuses what is none', () => {
    for (const wrong of ['SELECT FROM WHERE', 'INSERT INTO [a VALUES (1)', 'UPDATE SET x', 'SELECT (1']) {
      expect(parse(wrong, Dialect.TSQL).success, wrong).toBe(false);
    }
  });
});

describe('sqlserver: placeholders', () => {
  it('of every statement are numbered from 0, and none is left out', () => {
    for (const [about, statement] of statements) {
      const numbers = new Set([...statement.matchAll(/@p(\d+)/g)].map(([, number]) => Number(number)));
      const inOrder = [...numbers].sort((one, other) => one - other);
      expect(inOrder, about).toEqual(inOrder.map((_, index) => index));
    }
  });

  it('are numbered, but not within names and texts', () => {
    const statement = sql`SELECT ${sql.id('a?')} FROM ${sql.id('t@p0')}
      WHERE x = ${'@p1'} AND y = '?' AND z = ${sql.literal('@p0')} AND w = ${'2'}`;
    expect(render(statement, dialect)).toEqual({
      text: `SELECT [a?] FROM [t@p0]
      WHERE x = @p0 AND y = '?' AND z = N'@p0' AND w = @p1`,
      values: ['@p1', '2'],
    });
  });

  it('for NULL are written out, for it would need a type', () => {
    expect(render(sql`INSERT INTO t VALUES (${null}, ${5n})`, dialect)).toEqual({
      text: 'INSERT INTO t VALUES (NULL, @p0)',
      values: [5n],
    });
  });
});
