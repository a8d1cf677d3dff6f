import type { Cell, PhysicalTable, Row } from '../database/port.ts';
import { columnOf, type Environment, page } from '../outsystems/environment.ts';
import { foldKey, foldText } from './collation.ts';
import { type KeyPart, type NaturalKey, naturalKeyOf } from './naturalKeys.ts';

/** Rows of a platform table in one environment by natural key. Memory: one key text a row. */
export interface KeyedRows {
  /** Natural key of each row that has one, by id. */
  keyOf: Map<string, string>;
  /** The row that a natural key means, by key: an active one before an inactive one, then the lowest id. */
  idOf: Map<string, string>;
  /** How each row's names are written, by id: tells rows apart whose names the collation takes for equal (trap 35). */
  spellingOf: Map<string, string>;
  /** Like `idOf`, by natural key and spelling together. */
  spelledIdOf: Map<string, string>;
  /** Natural keys that more than one row has. */
  ambiguous: number;
}

/** A platform table or column that an environment does not have, as `OSSYS_ROLE` or `OSSYS_ROLE.SS_KEY`. */
export interface Missing {
  missing: string;
}

/** Reads natural keys, each table once. */
export class KeyedRowReader {
  readonly #environment: Environment;
  /** The other side, only to leave out the owner columns that it lacks. */
  readonly #other: Environment;
  readonly #tables = new Map<string, Promise<KeyedRows | Missing>>();

  constructor(environment: Environment, other: Environment) {
    this.#environment = environment;
    this.#other = other;
  }

  /** @throws DatabaseError */
  read(definition: NaturalKey): Promise<KeyedRows | Missing> {
    const known = this.#tables.get(definition.table);
    if (known !== undefined) return known;
    const reading = this.#read(definition);
    this.#tables.set(definition.table, reading);
    return reading;
  }

  async #read(definition: NaturalKey): Promise<KeyedRows | Missing> {
    const table = this.#environment.catalog.platformTables.get(definition.table);
    if (table === undefined) return { missing: definition.table };
    const parts = definition.parts.filter(
      (part) => part.as !== 'owner' || (this.#bothHave(definition.table, part.column) && this.#bothHave(part.of, 'ID')),
    );
    const absent = ['ID', ...parts.map((part) => part.column)].find((column) => columnOf(table, column) === undefined);
    if (absent !== undefined) return { missing: `${definition.table}.${absent}` };
    const parents: (Map<string, string> | null)[] = [];
    for (const part of parts) {
      const parent = await this.#parent(part);
      if (parent !== null && 'missing' in parent) return parent;
      parents.push(parent?.keyOf ?? null);
    }
    return this.#collect(definition, table, parts, parents);
  }

  async #parent(part: KeyPart): Promise<KeyedRows | Missing | null> {
    if (part.as !== 'row' && part.as !== 'owner') return null;
    const definition = naturalKeyOf(part.of);
    return definition === undefined ? { missing: part.of } : this.read(definition);
  }

  #bothHave(table: string, column: string): boolean {
    return [this.#environment, this.#other].every(({ catalog }) => {
      const found = catalog.platformTables.get(table);
      return found !== undefined && columnOf(found, column) !== undefined;
    });
  }

  async #collect(
    definition: NaturalKey,
    table: PhysicalTable,
    parts: KeyPart[],
    parents: (Map<string, string> | null)[],
  ): Promise<KeyedRows> {
    const id = columnOf(table, 'ID')!;
    const active = columnOf(table, 'IS_ACTIVE');
    const columns = [
      id,
      ...parts.map((part) => columnOf(table, part.column)!),
      ...(active === undefined ? [] : [active]),
    ];
    const keyOf = new Map<string, string>();
    const idOf = new Map<string, string>();
    const spellingOf = new Map<string, string>();
    const spelledIdOf = new Map<string, string>();
    const names = parts.flatMap((part, index) => (part.as === 'name' ? [index + 1] : []));
    const inactive = new Set<string>();
    const ambiguous = new Set<string>();
    const pages = this.#environment.database.readRows({
      table: { schema: table.schema, name: table.name },
      columns,
      key: id,
      batch: page,
    });
    for await (const rows of pages) {
      for (const row of rows) {
        const isActive = active === undefined || row[columns.length - 1] !== '0';
        if (!isActive && definition.inactive === 'skipped') continue;
        const meaning = keyOfRow(row, parts, parents);
        if (meaning === null) continue;
        const key = !isActive && definition.inactive === 'apart' ? `${meaning}inactive` : meaning;
        const rowId = String(row[0]);
        keyOf.set(rowId, key);
        const taken = idOf.get(key);
        if (taken !== undefined) ambiguous.add(key);
        if (!isActive) inactive.add(rowId);
        // Rows come in ascending order of id, so the first of its kind has the lowest.
        const isBetterThan = (other: string | undefined) => other === undefined || (isActive && inactive.has(other));
        if (isBetterThan(taken)) idOf.set(key, rowId);
        if (names.length === 0) continue;
        const spelling = `${key} ${names.map((index) => row[index]).join(' ')}`;
        spellingOf.set(rowId, spelling);
        if (isBetterThan(spelledIdOf.get(spelling))) spelledIdOf.set(spelling, rowId);
      }
    }
    return { keyOf, idOf, spellingOf, spelledIdOf, ambiguous: ambiguous.size };
  }
}

/** The row's natural key; null where a part of it is NULL or refers to a row without one. */
function keyOfRow(row: Row, parts: KeyPart[], parents: (Map<string, string> | null)[]): string | null {
  const values: string[] = [];
  let owners = 0;
  for (const [index, part] of parts.entries()) {
    const cell: Cell = row[index + 1]!;
    if (part.as === 'owner' && (cell === null || cell === '0')) {
      values.push('');
      continue;
    }
    if (cell === null) return null;
    const text = String(cell);
    if (part.as === 'key') values.push(foldKey(text));
    else if (part.as === 'name') values.push(foldText(text));
    else {
      const parent = parents[index]!.get(text);
      if (parent === undefined) return null;
      values.push(parent);
      if (part.as === 'owner') owners += 1;
    }
  }
  if (owners === 0 && parts.some((part) => part.as === 'owner')) return null;
  // Lengths keep ('a', 'bc') and ('ab', 'c') apart whatever the texts hold.
  return values.map((value) => `${value.length}:${value}`).join('');
}
