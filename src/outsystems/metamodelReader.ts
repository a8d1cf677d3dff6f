import type { Cell, Database, PhysicalTable } from '../database/port.ts';
import { queryRows } from '../database/queries.ts';
import { sql } from '../database/sql.ts';
import { CatalogError } from './errors.ts';

/** One row of a platform table by upper-case column name; a column that this platform version lacks is undefined. */
export type PlatformRow = Record<string, Cell | undefined>;

/** Reads whole platform tables, with the columns that are really there. */
export interface PlatformReader {
  tables: Map<string, PhysicalTable>;
  /** Rows of a table; none where the platform version lacks it. @throws DatabaseError */
  optional(table: string, columns: readonly string[]): Promise<PlatformRow[]>;
  /** @throws CatalogError where the table is missing: then this is no OutSystems database. */
  required(table: string, columns: readonly string[]): Promise<PlatformRow[]>;
}

/** @param tables OSSYS_ tables of the database, by upper-case name. */
export function platformReader(database: Database, tables: Map<string, PhysicalTable>): PlatformReader {
  async function optional(name: string, columns: readonly string[]): Promise<PlatformRow[]> {
    const table = tables.get(name);
    if (!table) return [];
    const present = columns.flatMap((column) => {
      const physical = table.columns.find(({ name: candidate }) => candidate.toUpperCase() === column)?.name;
      return physical === undefined ? [] : [{ column, physical }];
    });
    if (present.length === 0) return [];
    const columnNames = present.map(({ physical }) => sql.id(physical));
    const rows = await queryRows(database, columnNames, sql`from ${sql.table(table)}`);
    return rows.map((row) => Object.fromEntries(present.map(({ column }, index) => [column, row[index]])));
  }
  return {
    tables,
    optional,
    async required(name, columns) {
      const table = tables.get(name);
      if (!table) {
        throw new CatalogError(
          `'${database.name}' is no OutSystems database: it has no table ${name}; check its url in caravel.json`,
        );
      }
      return optional(name, columns);
    },
  };
}

/** Text of a cell; '' for NULL and for a column that is not there. */
export function textOf(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? '' : String(cell);
}

/** An SS_Key in the form in which keys are compared. Not every one is a GUID (trap 25). */
export function keyOf(cell: Cell | undefined): string {
  return textOf(cell).trim().toLowerCase();
}

/** A flag; `absent` where this platform version lacks the column. NULL counts as not set. */
export function flagOf(cell: Cell | undefined, absent = false): boolean {
  return cell === undefined ? absent : cell === '1';
}

export function numberOf(cell: Cell | undefined): number {
  const number = Number(textOf(cell));
  return Number.isFinite(number) ? number : 0;
}
