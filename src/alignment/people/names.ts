import type { Database, PhysicalTable, Row, Stage, Transaction } from '../../database/port.ts';
import { compareIds } from '../../identity/compareIds.ts';
import { columnOf, requiredColumn } from '../../outsystems/environment.ts';

/** A row of the source that is known in the destination by its tenant and its name. */
export interface NamedRow {
  id: string;
  /** Id in the destination of the row's tenant; null where it has none, or none there. */
  tenant: string | null;
  name: string | null;
  active: boolean;
}

export interface NameMatch {
  /** Destination id by source id. */
  counterparts: ReadonlyMap<string, string>;
  /** Rows that have the counterpart of a preferred row: the source id of that one, by source id. */
  sharers: ReadonlyMap<string, string>;
  /** Rows without counterpart that are called like a preferred row: the source id of that one, by source id. */
  twins: ReadonlyMap<string, string>;
  /** Rows with a counterpart whose name several rows of the destination have. */
  ambiguous: number;
}

/** A table of the destination whose rows are known by their name, within their tenant where both sides have tenants. */
export interface NamedTable {
  database: Database;
  table: PhysicalTable;
  nameColumn: string;
  isPerTenant: boolean;
}

/** Rows matched by one statement: bounds what lies in memory. */
const rowsAtOnce = 20_000;

/**
 * Matches users or groups by (tenant, name) as the destination compares them: the names are laid beside its rows, so
 * that its own collation decides (trap 35). Of several candidates the active one is taken, then the one spelled alike,
 * then the one with the lowest id; of several rows of the source the active one is preferred, then the one with the
 * lowest id. A blank name says nothing: it is matched only where there is one of it on each side. Nothing is written.
 * @throws DatabaseError
 */
export async function matchNames(named: NamedTable, rows: readonly NamedRow[]): Promise<NameMatch> {
  const columns = nameColumnsOf(named);
  const preferred = rows.filter((row) => isComparable(row, named, columns.longest)).sort(byPreference);
  if (preferred.length === 0) {
    return { counterparts: new Map(), sharers: new Map(), twins: new Map(), ambiguous: 0 };
  }
  const matched = await named.database.transaction((transaction) => matchPreferred(transaction, columns, preferred));
  return { ...matched, sharers: sharersOf(matched.counterparts, preferred) };
}

/** Columns of a named table, as the destination writes them. */
interface NameColumns {
  table: PhysicalTable;
  id: string;
  name: string;
  tenant: string | null;
  active: string | null;
  /** Longest name that the table can hold. */
  longest: number;
}

function nameColumnsOf({ table, nameColumn, isPerTenant }: NamedTable): NameColumns {
  const { name, length } = requiredColumn(table, nameColumn);
  return {
    table,
    id: requiredColumn(table, 'ID').name,
    name,
    tenant: isPerTenant ? requiredColumn(table, 'TENANT_ID').name : null,
    active: columnOf(table, 'IS_ACTIVE') ?? null,
    longest: length ?? Number.POSITIVE_INFINITY,
  };
}

/** A row that has a name which may be in the destination. */
interface ComparableRow extends NamedRow {
  name: string;
}

function isComparable(row: NamedRow, { isPerTenant }: NamedTable, longest: number): row is ComparableRow {
  return row.name !== null && [...row.name].length <= longest && (!isPerTenant || row.tenant !== null);
}

function byPreference(left: NamedRow, right: NamedRow): number {
  if (left.active !== right.active) return left.active ? -1 : 1;
  return compareIds(left.id, right.id);
}

export const isBlank = (name: string): boolean => name.trim() === '';

/** @param preferred rows, each before those to which it is preferred. */
async function matchPreferred(
  transaction: Transaction,
  columns: NameColumns,
  preferred: readonly ComparableRow[],
): Promise<Omit<NameMatch, 'sharers'>> {
  const { table, name, tenant } = columns;
  const on = tenant === null ? [name] : [tenant, name];
  const staged = preferred.map((row): Row => (tenant === null ? [row.name] : [row.tenant, row.name]));
  const stage = await transaction.stage({ schema: table.schema, name: table.name }, on, staged);
  const equals = await transaction.stagedTwins(stage, on);
  const repeated = new Set(equals.flatMap(({ row, first }) => [row, first]));
  const counterparts = new Map<string, string>();
  let ambiguous = 0;
  for (let from = 0; from < preferred.length; from += rowsAtOnce) {
    const range = { from, to: from + rowsAtOnce };
    for (const [place, candidates] of await candidatesOf(transaction, { stage, on }, columns, range)) {
      const row = stagedRow(preferred, place);
      if (isBlank(row.name) && (candidates.length > 1 || repeated.has(place))) continue;
      counterparts.set(row.id, best(candidates, row.name).id);
      if (candidates.length > 1) ambiguous += 1;
    }
  }
  const twins = new Map<string, string>();
  for (const { row: place, first } of equals) {
    const row = stagedRow(preferred, place);
    if (!counterparts.has(row.id) && !isBlank(row.name)) twins.set(row.id, stagedRow(preferred, first).id);
  }
  return { counterparts, twins, ambiguous };
}

function stagedRow(staged: readonly ComparableRow[], place: number): ComparableRow {
  const row = staged[place];
  if (row === undefined) throw new RangeError(`the destination names staged row ${place} of ${staged.length}`);
  return row;
}

/** Rows that have the counterpart of a row before them, and which row that is. */
function sharersOf(counterparts: ReadonlyMap<string, string>, preferred: readonly NamedRow[]): Map<string, string> {
  const owners = new Map<string, string>();
  const sharers = new Map<string, string>();
  for (const { id } of preferred) {
    const counterpart = counterparts.get(id);
    if (counterpart === undefined) continue;
    const owner = owners.get(counterpart);
    if (owner === undefined) owners.set(counterpart, id);
    else sharers.set(id, owner);
  }
  return sharers;
}

interface Candidate {
  id: string;
  name: string;
  active: boolean;
}

/** Rows of the destination that are called like staged rows, by the number of the staged row. */
async function candidatesOf(
  transaction: Transaction,
  { stage, on }: { stage: Stage; on: string[] },
  { id, name, active }: NameColumns,
  range: { from: number; to: number },
): Promise<Map<number, Candidate[]>> {
  const columns = [id, name, ...(active === null ? [] : [active])];
  const candidates = new Map<number, Candidate[]>();
  for (const { row, cells } of await transaction.matchStaged(stage, on, columns, range)) {
    const candidate = { id: String(cells[0]), name: String(cells[1]), active: active === null || cells[2] !== '0' };
    const ofRow = candidates.get(row);
    if (ofRow === undefined) candidates.set(row, [candidate]);
    else ofRow.push(candidate);
  }
  return candidates;
}

function best(candidates: readonly Candidate[], name: string): Candidate {
  const rank = (one: Candidate) => (one.active ? 2 : 0) + (one.name === name ? 1 : 0);
  return candidates.reduce((preferred, one) => {
    const difference = rank(one) - rank(preferred);
    return difference > 0 || (difference === 0 && compareIds(one.id, preferred.id) < 0) ? one : preferred;
  });
}
