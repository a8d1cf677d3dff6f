import type { Parameter, TableName } from './values.ts';

function template(texts: TemplateStringsArray, ...parts: readonly (Parameter | Sql)[]): Sql {
  const pieces: Piece[] = [];
  for (const [index, text] of texts.entries()) {
    pieces.push({ text });
    if (index === parts.length) break;
    const part = parts[index];
    if (part === undefined) throw new Error(`SQL was given nothing after: ${text}`);
    // One by one: a list may have more pieces than a call takes arguments.
    if (part instanceof Sql) for (const piece of part.pieces) pieces.push(piece);
    else pieces.push({ value: part });
  }
  return new Sql(pieces);
}

/** Words that engines spell in their own way. */
export interface Dialect {
  quote(identifier: string): string;
  /** @param number of the value, from 0. */
  placeholder(number: number): string;
  /** A value written out. */
  literal(value: Exclude<Parameter, null>): string;
  /** Length in bytes of a binary expression. */
  byteLength(expression: string): string;
  /** Counts rows, of any number. */
  countOfRows: string;
  /** As many values as one statement takes, and no more. */
  mostValues: number;
}

type Piece =
  | { text: string }
  | { value: Parameter }
  | { identifier: string }
  | { word: (dialect: Dialect, render: (fragment: Sql) => string) => string };

/** A statement, or a fragment of one; only `sql` and the functions beside it make any. */
export class Sql {
  readonly pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }
}

/** A name as the catalog writes it: `sql.id('ID')`, or of a table that has an alias, `sql.id('p', 'ID')`. */
function id(...path: readonly [string, ...string[]]): Sql {
  const pieces = path.flatMap((identifier, index): Piece[] => [
    ...(index === 0 ? [] : [{ text: '.' }]),
    { identifier },
  ]);
  return new Sql(pieces);
}

/** A physical table. */
const table = ({ schema, name }: TableName): Sql => id(schema, name);

/** Fragments one after another. */
function join(fragments: readonly Sql[], separator: string): Sql {
  const pieces = fragments.flatMap((fragment, index) => [
    ...(index === 0 ? [] : [{ text: separator }]),
    ...fragment.pieces,
  ]);
  return new Sql(pieces);
}

/**
 * Values or fragments with commas between them.
 * @throws Error for none: no statement takes an empty list.
 */
function list(items: readonly (Parameter | Sql)[]): Sql {
  if (items.length === 0) throw new Error('a list in SQL needs an item');
  return join(
    items.map((item) => (item instanceof Sql ? item : new Sql([{ value: item }]))),
    ', ',
  );
}

/** Holds where all of the conditions do; always, where there are none. */
const all = (conditions: readonly Sql[]): Sql => conditionOf(conditions, ' and ', template`1 = 1`);

/** Holds where one of the conditions does; never, where there are none. */
const any = (conditions: readonly Sql[]): Sql => conditionOf(conditions, ' or ', template`1 = 0`);

function conditionOf(conditions: readonly Sql[], separator: string, none: Sql): Sql {
  if (conditions.length === 0) return none;
  return join(
    conditions.map((condition) => template`(${condition})`),
    separator,
  );
}

/** A value written into the statement, where a bound one would lose the column's type, or there would be too many. */
function literal(value: Exclude<Parameter, null>): Sql {
  return new Sql([{ word: (dialect) => literalOf(value, dialect) }]);
}

/** In parentheses where it has a sign: after another one, two would begin a comment. */
function literalOf(value: Exclude<Parameter, null>, dialect: Dialect): string {
  const isNegative = (typeof value === 'number' || typeof value === 'bigint') && value < 0;
  return isNegative ? `(${dialect.literal(value)})` : dialect.literal(value);
}

/** Length in bytes of a binary expression. */
function byteLength(expression: Sql): Sql {
  return new Sql([{ word: (dialect, render) => dialect.byteLength(render(expression)) }]);
}

/** `count(*)`, for tables of any size. */
const countOfRows: Sql = new Sql([{ word: (dialect) => dialect.countOfRows }]);

/**
 * The one way to write SQL. A template's own text is trusted; whatever is put into it is a value, which is bound, or
 * another fragment:
 *
 *     sql`select ${sql.id(column)} from ${sql.table(entity)} where ${sql.id(key)} <= ${bound}`
 *
 * Names are quoted and values numbered by the engine that runs the statement, so no caller ever escapes anything.
 * Aliases and the columns of Caravel's own tables are lower case, and need no quotes on either engine.
 */
export const sql = Object.assign(template, {
  id,
  table,
  join,
  list,
  all,
  any,
  literal,
  byteLength,
  countOfRows,
});

/** A statement as an engine takes it. */
export interface RenderedSql {
  text: string;
  /** By number. A NULL is written into the text: bound, it would need a type, which not every column takes. */
  values: Exclude<Parameter, null>[];
}

/** Writes a statement for an engine; the values themselves, where there are more than it takes. */
export function render(statement: Sql, dialect: Dialect): RenderedSql {
  let bound = 0;
  write(statement, dialect, (value) => {
    if (value !== null) bound++;
    return '';
  });
  const values: Exclude<Parameter, null>[] = [];
  const writeValue = (value: Parameter): string => {
    if (value === null) return 'NULL';
    if (bound > dialect.mostValues) return literalOf(value, dialect);
    values.push(value);
    return dialect.placeholder(values.length - 1);
  };
  return { text: write(statement, dialect, writeValue), values };
}

/** A statement as a person would run it, its values written out. */
export function statementText(statement: Sql, dialect: Dialect): string {
  return write(statement, dialect, (value) => (value === null ? 'NULL' : literalOf(value, dialect)));
}

function write({ pieces }: Sql, dialect: Dialect, writeValue: (value: Parameter) => string): string {
  const rendered = pieces.map((piece) => {
    if ('text' in piece) return piece.text;
    if ('identifier' in piece) return dialect.quote(piece.identifier);
    if ('value' in piece) return writeValue(piece.value);
    return piece.word(dialect, (fragment) => write(fragment, dialect, writeValue));
  });
  return rendered.join('');
}
