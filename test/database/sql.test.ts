import { Dialect as Grammar, parse } from '@polyglot-sql/sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Parameter } from '../../src/database/port.ts';
import { dialect as postgres } from '../../src/database/postgres/dialect.ts';
import { type Dialect, render, type Sql, sql, statementText } from '../../src/database/sql.ts';
import { dialect as sqlserver } from '../../src/database/sqlserver/dialect.ts';

interface Engine {
  dialect: Dialect;
  /**
   * What the engine reads in a statement, by its own rules: a quoted name, a text, a placeholder, bytes, and else a
   * word, a number or a sign.
   */
  lexical: RegExp;
  /** A quote within a quoted name, doubled. */
  closing: string;
  /** What the engine leaves out of a text: a backslash before a line break (Microsoft's documentation, "Backslash"). */
  leftOut: RegExp | null;
  firstPlaceholder: number;
}

// A quote that is doubled goes on; one that is not ends the name or the text.
const engines: Record<string, Engine> = {
  postgres: {
    dialect: postgres,
    lexical: /"(?<name>(?:[^"]|"")+)"(?!")|'(?<text>(?:[^']|'')*)'(?!')|\$(?<placeholder>\d+)|\w+|[^\s\w]/uy,
    closing: '"',
    leftOut: null,
    firstPlaceholder: 1,
  },
  sqlserver: {
    dialect: sqlserver,
    lexical: /\[(?<name>(?:[^\]]|\]\])+)\](?!\])|N'(?<text>(?:[^']|'')*)'(?!')|@p(?<placeholder>\d+)|\w+|[^\s\w]/uy,
    closing: ']',
    leftOut: /\\\r?\n/g,
    firstPlaceholder: 0,
  },
};

type Token =
  | { name: string }
  | { text: string }
  | { placeholder: number }
  /** Anything else, as it stands there. */
  | { word: string };

/** A text may stand there in parts: `'one' + 'two'`. */
function tokensOf(statement: string, { lexical, closing, leftOut }: Engine): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < statement.length; ) {
    if (/\s/.test(statement.charAt(at))) {
      at++;
      continue;
    }
    lexical.lastIndex = at;
    const found = lexical.exec(statement);
    if (found === null) throw new Error(`nothing that the engine could read at ${at} of ${statement}`);
    at = lexical.lastIndex;
    const { name, text, placeholder } = found.groups ?? {};
    if (name !== undefined) tokens.push({ name: name.replaceAll(closing + closing, closing) });
    else if (text !== undefined)
      addText(tokens, (leftOut === null ? text : text.replace(leftOut, '')).replaceAll("''", "'"));
    else if (placeholder !== undefined) tokens.push({ placeholder: Number(placeholder) });
    else tokens.push({ word: found[0] });
  }
  return tokens;
}

function addText(tokens: Token[], text: string): void {
  const [before, sign] = tokens.slice(-2);
  if (before !== undefined && 'text' in before && sign !== undefined && 'word' in sign && sign.word === '+') {
    tokens.splice(-2, 2, { text: before.text + text });
  } else {
    tokens.push({ text });
  }
}

/** The names in quotes that a parser of the whole language finds. */
function namesIn(statement: string): string[] {
  const { ast, error } = parse(statement, Grammar.TSQL);
  expect(error, statement).toBeNull();
  const names: string[] = [];
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('name' in node && typeof node.name === 'string' && 'quoted' in node && node.quoted === true) {
      names.push(node.name);
    }
    for (const child of Object.values(node)) look(child);
  };
  look(ast);
  return names.sort();
}

/** What is dangerous where it is not quoted, or where quotes are doubled by a wrong rule. */
const dangers = [
  ...[
    '"',
    '""',
    ']',
    ']]',
    '[',
    "'",
    "''",
    '`',
    '´',
    '’',
    '“',
    '«',
    '\\',
    '\\\\',
    '--',
    '/*',
    '*/',
    ';',
    '#',
    '$$',
    '$a$',
  ],
  ...[
    '?',
    '??',
    '$1',
    '$2',
    '@p0',
    '@p1',
    ':a',
    '%s',
    '{0}',
    '${',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '.',
    ',',
    '(',
    ')',
    'N',
    'E',
  ],
  ...['a', 'Z', '9', '_', 'é', 'ß', '文', '😀', '\u0301', '\u202e', '\u00a0', '\ufeff', '\u2028', 'select', 'null'],
];
const hostile = (maxLength: number) =>
  fc.array(fc.constantFrom(...dangers), { minLength: 1, maxLength }).map((parts) => parts.join('').slice(0, 128));
const names = fc.oneof(
  fc.constantFrom(']', '"', "'", '?', '$1', '@p0', 'a]b"c--', 'q?t', 'line\nbreak', '"]"].[', 'x'.repeat(128)),
  fc.constantFrom(']'.repeat(128), '"'.repeat(128), "'".repeat(128), '文'.repeat(128), '\\'.repeat(128)),
  hostile(20),
);
const texts = fc.oneof(
  fc.constantFrom(
    'a\\\nb',
    'a\\\r\nb',
    'a\\\\\nb',
    '\\\n\\\n',
    '',
    "'",
    "''",
    "\\'",
    "'; drop table t --",
    '$1',
    '@p0',
    '?',
    "N'",
    "\\'; --",
  ),
  hostile(30),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const values = fc.oneof(
  texts,
  fc.constant(null),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.integer(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 10 }),
  fc.date({ noInvalidDate: true, min: new Date('1753-01-01'), max: new Date('9999-12-31') }),
);

/**
 * A fragment, what an engine has to read in it, and the values that have to be bound, in the order in which they stand
 * there.
 */
interface Written {
  fragment: Sql;
  reads(engine: Engine): (Token | { value: Parameter })[];
}

/** A value with a sign stands in parentheses: `x -${…}` would begin a comment. */
const writtenOut = (value: Exclude<Parameter, null>, dialect: Dialect): string =>
  (typeof value === 'number' || typeof value === 'bigint') && value < 0
    ? `(${dialect.literal(value)})`
    : dialect.literal(value);

const word = (text: string): Token => ({ word: text });
const between = <T>(parts: T[][], separator: T[]): T[] =>
  parts.flatMap((part, index) => (index === 0 ? part : [...separator, ...part]));
const wrapped = (parts: Written[], engine: Engine) =>
  parts.map((part) => [word('('), ...part.reads(engine), word(')')]);
const isNone = (engine: Engine, result: string) => tokensOf(`1 = ${result}`, engine);

const { fragment: fragments } = fc.letrec<{ fragment: Written; leaf: Written }>((tie) => ({
  leaf: fc.oneof(
    names.map((name): Written => ({ fragment: sql.id(name), reads: () => [{ name }] })),
    fc.tuple(names, names).map(
      ([schema, name]): Written => ({
        fragment: sql.table({ schema, name }),
        reads: () => [{ name: schema }, word('.'), { name }],
      }),
    ),
    values.map((value): Written => ({ fragment: sql`${value}`, reads: () => [{ value }] })),
    texts.map((text): Written => ({ fragment: sql.literal(text), reads: () => [{ text }] })),
    fc.array(values, { minLength: 1, maxLength: 6 }).map(
      (items): Written => ({
        fragment: sql.list(items),
        reads: () =>
          between<Token | { value: Parameter }>(
            items.map((value) => [{ value }]),
            [word(',')],
          ),
      }),
    ),
  ),
  fragment: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    tie('fragment').map(
      (inner): Written => ({
        fragment: sql.byteLength(inner.fragment),
        reads: (engine) => [
          word(engine.dialect === postgres ? 'octet_length' : 'DATALENGTH'),
          word('('),
          ...inner.reads(engine),
          word(')'),
        ],
      }),
    ),
    fc.tuple(tie('fragment'), tie('fragment')).map(
      ([one, other]): Written => ({
        fragment: sql`case when ${one.fragment} is null then 'a ? $1 @p0' else ${other.fragment} end`,
        reads: (engine) => [
          ...['case', 'when'].map(word),
          ...one.reads(engine),
          ...['is', 'null', 'then'].map(word),
          // Of a template's own text nothing is touched.
          ...tokensOf("'a ? $1 @p0'", engine),
          word('else'),
          ...other.reads(engine),
          word('end'),
        ],
      }),
    ),
    fc.array(tie('fragment'), { maxLength: 3 }).map(
      (parts): Written => ({
        fragment: sql.all(parts.map(({ fragment }) => fragment)),
        reads: (engine) => (parts.length === 0 ? isNone(engine, '1') : between(wrapped(parts, engine), [word('and')])),
      }),
    ),
    fc.array(tie('fragment'), { maxLength: 3 }).map(
      (parts): Written => ({
        fragment: sql.any(parts.map(({ fragment }) => fragment)),
        reads: (engine) => (parts.length === 0 ? isNone(engine, '0') : between(wrapped(parts, engine), [word('or')])),
      }),
    ),
    fc.array(tie('fragment'), { minLength: 1, maxLength: 3 }).map(
      (parts): Written => ({
        fragment: sql.list(parts.map(({ fragment }) => fragment)),
        reads: (engine) =>
          between(
            parts.map((part) => part.reads(engine)),
            [word(',')],
          ),
      }),
    ),
    fc.array(tie('fragment'), { maxLength: 3 }).map(
      (parts): Written => ({
        fragment: sql.join(
          parts.map(({ fragment }) => fragment),
          ' union all ',
        ),
        reads: (engine) =>
          between(
            parts.map((part) => part.reads(engine)),
            [word('union'), word('all')],
          ),
      }),
    ),
  ),
}));

describe.each(Object.entries(engines))('sql, as %s reads it,', (_, engine) => {
  const { dialect, firstPlaceholder } = engine;

  /** What has to be read where values are bound, and where they are written out. */
  const expected = (written: Written, areBound: boolean) => {
    const bound: Exclude<Parameter, null>[] = [];
    const tokens = written.reads(engine).flatMap((token): Token[] => {
      if (!('value' in token)) return [token];
      if (token.value === null) return [word('NULL')];
      if (!areBound) return tokensOf(writtenOut(token.value, dialect), engine);
      bound.push(token.value);
      return [{ placeholder: firstPlaceholder + bound.length - 1 }];
    });
    return { tokens, bound };
  };

  it('has each name as one quoted name, each value bound under its number, and each literal as it was', () => {
    fc.assert(
      fc.property(fragments, (written) => {
        const { tokens, bound } = expected(written, true);
        const rendered = render(written.fragment, dialect);
        expect(tokensOf(rendered.text, engine)).toEqual(tokens);
        expect(rendered.values).toEqual(bound);
      }),
      { numRuns: 1_000 },
    );
  });

  it('has each value written out where there are more than it takes, and for who reads the statement', () => {
    fc.assert(
      fc.property(fragments, fc.integer({ min: 0, max: 4 }), (written, mostValues) => {
        const { tokens, bound } = expected(written, false);
        expect(tokensOf(statementText(written.fragment, dialect), engine)).toEqual(tokens);
        const all = expected(written, true);
        const rendered = render(written.fragment, { ...dialect, mostValues });
        const isTooMuch = all.bound.length > mostValues;
        expect(rendered.values).toEqual(isTooMuch ? bound : all.bound);
        expect(tokensOf(rendered.text, engine)).toEqual(isTooMuch ? tokens : all.tokens);
      }),
      { numRuns: 1_000 },
    );
  });

  it('binds as many values as a statement takes, and writes out all of one more', () => {
    const numbers = Array.from({ length: dialect.mostValues }, (_, index) => index);
    const most = render(sql`select 1 where 1 in (${sql.list(numbers)})`, dialect);
    expect(most.values).toEqual(numbers);
    expect(most.text).toContain(dialect.placeholder(dialect.mostValues - 1));
    const more = render(sql`select 1 where 1 in (${sql.list([...numbers, null, "it's $1 @p0"])})`, dialect);
    expect(more.values).toEqual([]);
    expect(tokensOf(more.text, engine).filter((token) => 'placeholder' in token)).toEqual([]);
    expect(tokensOf(more.text, engine).slice(-4)).toEqual([
      word('NULL'),
      word(','),
      { text: "it's $1 @p0" },
      word(')'),
    ]);
  });

  it('counts no NULL among the values that a statement takes', () => {
    const row = [1, null, null, 'a'];
    expect(render(sql`values (${sql.list(row)})`, { ...dialect, mostValues: 2 }).values).toEqual([1, 'a']);
  });
});

describe('sql', () => {
  it('is T-SQL, whatever its names and texts, and a parser of that finds those very names', () => {
    const parts = fc.tuple(names, names, names, names, texts, fc.array(texts, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(parts, ([schema, table, column, alias, text, listed]) => {
        const name = sql.id(column);
        const statement = sql`select ${sql.id('t', column)} as ${sql.id(alias)}, ${sql.literal(text)} as given
          from ${sql.table({ schema, name: table })} as t
          where ${sql.all([sql`${name} = ${text}`, sql`${name} in (${sql.list(listed)})`])}`;
        const found = ['t', column, alias, schema, table, column, column].sort();
        expect(namesIn(render(statement, sqlserver).text)).toEqual(found);
        expect(namesIn(statementText(statement, sqlserver))).toEqual(found);
      }),
      { numRuns: 300 },
    );
  });

  it('writes values of each kind as the engine takes them', () => {
    const moment = new Date('2020-06-01T12:00:00.500Z');
    const all = sql.list(["it's", -1, 2n ** 63n - 1n, 0.5, true, false, Uint8Array.of(0, 255), moment, null]);
    expect(statementText(all, postgres)).toBe(
      "'it''s', (-1), 9223372036854775807, 0.5, true, false, '\\x00ff', '2020-06-01T12:00:00.500Z', NULL",
    );
    expect(statementText(all, sqlserver)).toBe(
      "N'it''s', (-1), 9223372036854775807, 0.5, 1, 0, 0x00ff, '2020-06-01T12:00:00.500', NULL",
    );
  });

  it('spells what engines call by words of their own', () => {
    const statement = sql`select ${sql.countOfRows}, ${sql.byteLength(sql.id('t', 'A'))} from t`;
    expect(render(statement, postgres).text).toBe('select count(*), octet_length("t"."A") from t');
    expect(render(statement, sqlserver).text).toBe('select COUNT_BIG(*), DATALENGTH([t].[A]) from t');
  });

  it('takes no empty list, for no statement does', () => {
    expect(() => sql.list([])).toThrow(/needs an item/);
  });

  it('takes nothing that is not there: an index may give it, whatever its type says', () => {
    // @ts-expect-error it is no value
    expect(() => sql`select 1 where a = ${undefined}`).toThrow(/nothing after: select 1 where a = /);
  });

  it('takes a fragment as often as one likes, and leaves it as it was', () => {
    const condition = sql`a = ${1} and b = ${'x'}`;
    const twice = render(sql`(${condition}) or (${condition})`, postgres);
    expect(twice).toEqual({ text: '(a = $1 and b = $2) or (a = $3 and b = $4)', values: [1, 'x', 1, 'x'] });
    expect(render(condition, sqlserver)).toEqual({ text: 'a = @p0 and b = @p1', values: [1, 'x'] });
  });

  it('takes an empty template for nothing', () => {
    expect(render(sql`select 1${sql``}`, postgres)).toEqual({ text: 'select 1', values: [] });
  });
});
