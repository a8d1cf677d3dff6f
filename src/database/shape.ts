import type { Cell, Row } from './values.ts';

/** What an engine gives. */
export interface NamedRows {
  names: string[];
  rows: Row[];
}

/**
 * What a query's rows hold: a name for each column, and how its cells are read. The name is the column's, in one word:
 * `runId` reads `run_id`.
 */
export type Shape = Record<string, (cell: Cell) => unknown>;

export type Shaped<S extends Shape> = { [Name in keyof S]: ReturnType<S[Name]> };

/** @throws Error where the statement does not give a column of the shape. */
export function shapeRows<S extends Shape>({ names, rows }: NamedRows, shape: S): Shaped<S>[] {
  const given = names.map(inOneWord);
  const fields = Object.entries(shape).map(([field, read]) => {
    const index = given.indexOf(inOneWord(field));
    if (index < 0) throw new Error(`the statement gives no column '${field}', but ${names.join(', ')}`);
    return { field, read, index };
  });
  return rows.map((row) => {
    const shaped: Record<string, unknown> = {};
    for (const { field, read, index } of fields) shaped[field] = read(row[index] ?? null);
    // One field for each name of the shape, read by its own function.
    return shaped as Shaped<S>;
  });
}

/** The row of a statement that always gives one, such as a count. @throws Error where it gave none */
export function onlyRow<Given>([row]: readonly Given[]): Given {
  if (row === undefined) throw new Error('a statement that always gives a row gave none');
  return row;
}

const inOneWord = (column: string) => column.replaceAll('_', '').toLowerCase();

/** A cell as it is. */
export const cell = (value: Cell): Cell => value;

export function text(value: Cell): string {
  if (typeof value !== 'string') throw unreadable('a text', value);
  return value;
}

export function integer(value: Cell): number {
  const number = Number(text(value));
  if (!Number.isSafeInteger(number)) throw unreadable('an integer', value);
  return number;
}

export const bigInteger = (value: Cell): bigint => BigInt(text(value));

export const truth = (value: Cell): boolean => text(value) === '1';

export function bytes(value: Cell): Uint8Array {
  if (!(value instanceof Uint8Array)) throw unreadable('bytes', value);
  return value;
}

/** A text that can only be one of some words: Caravel itself wrote it. */
export const word =
  <Word extends string>() =>
  (value: Cell): Word =>
    text(value) as Word;

/** A document that Caravel itself wrote. */
export const json =
  <Document>() =>
  (value: Cell): Document =>
    JSON.parse(text(value));

export const orNull =
  <Value>(read: (cell: Cell) => Value) =>
  (value: Cell): Value | null =>
    value === null ? null : read(value);

function unreadable(wanted: string, value: Cell): Error {
  const given = value === null ? 'NULL' : typeof value === 'string' ? 'a text' : 'bytes';
  return new Error(`a column holds ${given} where ${wanted} was to be`);
}
