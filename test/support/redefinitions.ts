import { dialect } from './ddl.ts';
import { quotedName } from './plainSql.ts';

/** A change of a table's definition, with the statements that take it back; its rows are put back by `changing.ts`. */
export interface Redefinition {
  table: string;
  run: string[];
  back: string[];
}

/** Gives a column a type into which its values can turn. @param before the type that it has */
export const columnType = (table: string, column: string, type: string, before: string): Redefinition => ({
  table,
  run: [dialect.changeType(table, column, type)],
  back: [dialect.changeType(table, column, before)],
});

/** Drops a column and makes one of that name with another type. */
export function replacedColumn(table: string, column: string, type: string, before: string): Redefinition {
  const drop = `ALTER TABLE ${quotedName(table)} DROP COLUMN ${quotedName(column)}`;
  const add = (as: string) => `ALTER TABLE ${quotedName(table)} ADD ${quotedName(column)} ${as}`;
  return { table, run: [drop, add(type)], back: [drop, add(before)] };
}

/** Drops a column. @param type the type that it has */
export function droppedColumn(table: string, column: string, type: string): Redefinition {
  const name = quotedName(column);
  return {
    table,
    run: [`ALTER TABLE ${quotedName(table)} DROP COLUMN ${name}`],
    back: [`ALTER TABLE ${quotedName(table)} ADD ${name} ${type}`],
  };
}

/** Makes a column. @param constraint what `ADD CONSTRAINT` says of it */
export function addedColumn(table: string, column: string, type: string, constraint?: string): Redefinition {
  const alter = `ALTER TABLE ${quotedName(table)}`;
  const name = quotedName(`constraint_${column}`);
  return {
    table,
    run: [
      `${alter} ADD ${quotedName(column)} ${type}`,
      ...(constraint === undefined ? [] : [`${alter} ADD CONSTRAINT ${name} ${constraint}`]),
    ],
    back: [
      ...(constraint === undefined ? [] : [`${alter} DROP CONSTRAINT ${name}`]),
      `${alter} DROP COLUMN ${quotedName(column)}`,
    ],
  };
}

/** Takes a column's name from it, so that nothing of that name is there. */
export const hiddenColumn = (table: string, column: string): Redefinition => ({
  table,
  run: [dialect.renameColumn(table, column, `FORMER_${column}`)],
  back: [dialect.renameColumn(table, `FORMER_${column}`, column)],
});

/** Takes a table's name from it, so that nothing of that name is there. */
export const hiddenTable = (table: string): Redefinition => ({
  table,
  run: [dialect.renameTable(table, `FORMER_${table}`)],
  back: [dialect.renameTable(`FORMER_${table}`, table)],
});

/** Makes a column unique. */
export function uniqueColumn(table: string, column: string): Redefinition {
  const name = `unique_${column}`;
  return {
    table,
    run: [`CREATE UNIQUE INDEX ${quotedName(name)} ON ${quotedName(table)} (${quotedName(column)})`],
    back: [dialect.dropIndex(table, name)],
  };
}

/** Lets the engine mint ids no more. */
export const withoutIdentity = (table: string): Redefinition => ({ table, ...dialect.withoutIdentity(table) });

/** Lets ids go on from a small number. */
export const reseeded = (table: string, next: number): Redefinition => ({
  table,
  run: [dialect.restartIdentity(table, next)],
  back: [dialect.restartIdentity(table, 1_000_000)],
});

/** A trigger of somebody's own after each INSERT. */
export const addedTrigger = (table: string, name: string): Redefinition => ({ table, ...dialect.trigger(table, name) });
