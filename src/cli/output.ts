import Table from 'cli-table3';
import type { Counts } from '../journal/progress.ts';
import { grouped } from '../wording/counts.ts';

/** Prints the one JSON document of `--json`. */
export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

export function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Columns of a table whose values are all numbers stand to the right. */
export function printTable(head: string[], rows: (string | number)[][]): void {
  const table = new Table({
    head,
    style: { head: process.stdout.isTTY ? ['cyan'] : [], border: process.stdout.isTTY ? ['grey'] : [], compact: true },
    colAligns: head.map((_, column) => (rows.every((row) => typeof row[column] === 'number') ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? grouped(cell) : cell))));
  printLine(table.toString());
}

/** A column of a table of entities; `ifAny` leaves it out where all its values are 0. */
export interface CountColumn<Entity> {
  title: string;
  value: (entity: Entity) => number;
  ifAny?: boolean;
}

/** Those that have something to say of these entities. */
export function shownColumns<Entity>(columns: CountColumn<Entity>[], entities: Entity[]): CountColumn<Entity>[] {
  return columns.filter(({ value, ifAny }) => !ifAny || entities.some((entity) => value(entity) > 0));
}

/** What a run did with the rows of an entity. */
export const countColumns: CountColumn<Counts>[] = [
  { title: 'inserted', value: ({ inserted }) => inserted },
  { title: 'known', value: ({ known }) => known, ifAny: true },
  { title: 'reused', value: ({ reused }) => reused, ifAny: true },
  { title: 'left out', value: ({ leftOut }) => leftOut, ifAny: true },
  { title: 'set aside', value: ({ setAside }) => setAside, ifAny: true },
  { title: 'references NULL', value: ({ nulled }) => nulled, ifAny: true },
  { title: 'deferred', value: ({ deferred }) => deferred, ifAny: true },
];
