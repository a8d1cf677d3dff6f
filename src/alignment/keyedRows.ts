import type { Cell, PhysicalTable, Row } from '../database/port.ts';
import { columnOf, type Environment, page, requiredColumn } from '../outsystems/environment.ts';
import { isNullReference } from '../outsystems/naming.ts';
import { foldKey, foldText } from './collation.ts';
import { type NaturalKey, naturalKeyOf } from './naturalKeys.ts';

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

/** A part of a natural key and its column; of references also the natural keys of the rows referred to, by id. */
type PlacedPart =
  | { as: 'key'; column: string }
  | { as: 'name'; column: string }
  | { as: 'row' | 'owner'; column: string; keysReferredTo: ReadonlyMap<string, string> };

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
    const begun = this.#tables.get(definition.table);
    if (begun !== undefined) return begun;
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
    const placed: PlacedPart[] = [];
    for (const part of parts) {
      const column = requiredColumn(table, part.column).name;
      if (part.as === 'key' || part.as === 'name') {
        placed.push({ as: part.as, column });
        continue;
      }
      const referredTo = await this.#readReferredTo(part.of);
      if ('missing' in referredTo) return referredTo;
      placed.push({ as: part.as, column, keysReferredTo: referredTo.keyOf });
    }
    return this.#collect(definition, table, placed);
  }

  #readReferredTo(table: string): Promise<KeyedRows | Missing> {
    const definition = naturalKeyOf(table);
    return definition === undefined ? Promise.resolve({ missing: table }) : this.read(definition);
  }

  #bothHave(table: string, column: string): boolean {
    return [this.#environment, this.#other].every(({ catalog }) => {
      const physical = catalog.platformTables.get(table);
      return physical !== undefined && columnOf(physical, column) !== undefined;
    });
  }

  async #collect(definition: NaturalKey, table: PhysicalTable, parts: PlacedPart[]): Promise<KeyedRows> {
    const id = requiredColumn(table, 'ID').name;
    const active = columnOf(table, 'IS_ACTIVE');
    const columns = [id, ...parts.map(({ column }) => column), ...(active === undefined ? [] : [active])];
    const collected = new CollectedRows(definition, parts);
    const pages = this.#environment.database.readRows({
      table: { schema: table.schema, name: table.name },
      columns,
      key: id,
      batch: page,
    });
    for await (const rows of pages) {
      for (const row of rows) collected.add(row, active === undefined || row[columns.length - 1] !== '0');
    }
    return collected;
  }
}

/** Keyed rows that grow as a table is read. */
class CollectedRows implements KeyedRows {
  readonly keyOf = new Map<string, string>();
  readonly idOf = new Map<string, string>();
  readonly spellingOf = new Map<string, string>();
  readonly spelledIdOf = new Map<string, string>();
  readonly #inactiveRows: NaturalKey['inactive'];
  readonly #parts: readonly PlacedPart[];
  /** Where names stand in a row. */
  readonly #namePlaces: readonly number[];
  readonly #inactive = new Set<string>();
  readonly #ambiguous = new Set<string>();

  constructor({ inactive }: NaturalKey, parts: readonly PlacedPart[]) {
    this.#inactiveRows = inactive;
    this.#parts = parts;
    this.#namePlaces = parts.flatMap((part, index) => (part.as === 'name' ? [index + 1] : []));
  }

  get ambiguous(): number {
    return this.#ambiguous.size;
  }

  /** @param row its id, then the parts of its key; in ascending order of id. */
  add(row: Row, isActive: boolean): void {
    if (!isActive && this.#inactiveRows === 'skipped') return;
    const meaning = keyOfRow(row, this.#parts);
    if (meaning === null) return;
    const key = !isActive && this.#inactiveRows === 'apart' ? `${meaning}inactive` : meaning;
    const rowId = String(row[0]);
    this.keyOf.set(rowId, key);
    if (!isActive) this.#inactive.add(rowId);
    const preferred = this.idOf.get(key);
    if (preferred !== undefined) this.#ambiguous.add(key);
    if (this.#comesBefore(preferred, isActive)) this.idOf.set(key, rowId);
    if (this.#namePlaces.length === 0) return;
    const spelling = `${key} ${this.#namePlaces.map((place) => row[place]).join(' ')}`;
    this.spellingOf.set(rowId, spelling);
    if (this.#comesBefore(this.spelledIdOf.get(spelling), isActive)) this.spelledIdOf.set(spelling, rowId);
  }

  /** Whether a row is preferred to an earlier one. Rows come in ascending order, so the first has the lowest id. */
  #comesBefore(earlier: string | undefined, isActive: boolean): boolean {
    return earlier === undefined || (isActive && this.#inactive.has(earlier));
  }
}

/** The row's natural key; null where a part of it is NULL or refers to a row without one. */
function keyOfRow(row: Row, parts: readonly PlacedPart[]): string | null {
  const values: string[] = [];
  let owners = 0;
  for (const [index, part] of parts.entries()) {
    const cell: Cell = row[index + 1]!;
    if (part.as === 'owner' && isNullReference(cell)) {
      values.push('');
      continue;
    }
    if (cell === null) return null;
    const value = valueOfPart(part, String(cell));
    if (value === undefined) return null;
    values.push(value);
    if (part.as === 'owner') owners += 1;
  }
  if (owners === 0 && parts.some((part) => part.as === 'owner')) return null;
  // Lengths keep ('a', 'bc') and ('ab', 'c') apart whatever the texts hold.
  return values.map((value) => `${value.length}:${value}`).join('');
}

/** What a part contributes to the key; undefined where it refers to a row without one. */
function valueOfPart(part: PlacedPart, text: string): string | undefined {
  if (part.as === 'key') return foldKey(text);
  if (part.as === 'name') return foldText(text);
  return part.keysReferredTo.get(text);
}
