import type { Cell, Database, PhysicalTable, Row, Transaction } from '../../database/port.ts';
import { compareIds } from '../../identity/compareIds.ts';
import { columnOf } from '../../outsystems/environment.ts';

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
  found: Map<string, string>;
  /** Rows that have the counterpart of a preferred row: the source id of that one, by source id. */
  fallen: Map<string, string>;
  /** Rows without counterpart that are called like a preferred row: the source id of that one, by source id. */
  twins: Map<string, string>;
  /** Rows found whose name several rows of the destination have. */
  ambiguous: number;
}

/** Rows matched by one statement: bounds what lies in memory. */
const rowsAtOnce = 20_000;

/**
 * Matches users or groups by (tenant, name) as the destination compares them: the names are laid beside its rows, so that its
 * own collation decides (trap 35). Of several candidates the active one is taken, then the one spelled alike, then the one with the lowest
 * id; of several rows of the source the active one is preferred, then the one with the lowest id. A blank name says
 * nothing: it is matched only where there is one of it on each side.
 * @param table of the destination. Nothing is written to it. @throws DatabaseError
 */
export async function matchNames(
  destination: Database,
  table: PhysicalTable,
  nameColumn: string,
  tenantColumn: string | undefined,
  rows: readonly NamedRow[],
): Promise<NameMatch> {
  const name = columnOf(table, nameColumn)!;
  const on = tenantColumn === undefined ? [name] : [columnOf(table, tenantColumn)!, name];
  const longest = table.columns.find((column) => column.name === name)!.length ?? Number.POSITIVE_INFINITY;
  const comparable = rows.filter(
    (row) =>
      row.name !== null && [...row.name].length <= longest && (tenantColumn === undefined || row.tenant !== null),
  );
  const preferred = comparable.sort(byPreference);
  const match: NameMatch = { found: new Map(), fallen: new Map(), twins: new Map(), ambiguous: 0 };
  if (preferred.length === 0) return match;
  await destination.transaction(async (transaction) => {
    const staged = preferred.map((row): Row => (tenantColumn === undefined ? [row.name] : [row.tenant, row.name]));
    const stage = await transaction.stage({ schema: table.schema, name: table.name }, on, staged);
    const equals = await transaction.stagedTwins(stage, on);
    const repeated = new Set(equals.flatMap(({ row, first }) => [row, first]));
    for (let from = 0; from < preferred.length; from += rowsAtOnce) {
      const range = { from, to: from + rowsAtOnce };
      for (const [row, candidates] of await candidatesOf(transaction, stage, table, name, on, range)) {
        const wanted = preferred[row]!;
        if (isBlank(wanted.name!) && (candidates.length > 1 || repeated.has(row))) continue;
        match.found.set(wanted.id, best(candidates, wanted.name!).id);
        if (candidates.length > 1) match.ambiguous += 1;
      }
    }
    for (const { row, first } of equals) {
      const { id, name } = preferred[row]!;
      if (!match.found.has(id) && !isBlank(name!)) match.twins.set(id, preferred[first]!.id);
    }
  });
  const owners = new Map<string, string>();
  for (const { id } of preferred) {
    const counterpart = match.found.get(id);
    if (counterpart === undefined) continue;
    const owner = owners.get(counterpart);
    if (owner === undefined) owners.set(counterpart, id);
    else match.fallen.set(id, owner);
  }
  return match;
}

export const isBlank = (name: string): boolean => name.trim() === '';

function byPreference(left: NamedRow, right: NamedRow): number {
  if (left.active !== right.active) return left.active ? -1 : 1;
  return compareIds(left.id, right.id);
}

interface Candidate {
  id: string;
  name: Cell;
  active: boolean;
}

async function candidatesOf(
  transaction: Transaction,
  stage: Parameters<Transaction['matchStaged']>[0],
  table: PhysicalTable,
  name: string,
  on: string[],
  range: { from: number; to: number },
): Promise<Map<number, Candidate[]>> {
  const active = columnOf(table, 'IS_ACTIVE');
  const columns = [columnOf(table, 'ID')!, name, ...(active === undefined ? [] : [active])];
  const candidates = new Map<number, Candidate[]>();
  for (const { row, cells } of await transaction.matchStaged(stage, on, columns, range)) {
    const candidate = { id: String(cells[0]), name: cells[1]!, active: active === undefined || cells[2] !== '0' };
    const known = candidates.get(row);
    if (known === undefined) candidates.set(row, [candidate]);
    else known.push(candidate);
  }
  return candidates;
}

function best(candidates: readonly Candidate[], name: string): Candidate {
  const rank = (one: Candidate) => (one.active ? 2 : 0) + (one.name === name ? 1 : 0);
  return candidates.reduce((found, one) => {
    const difference = rank(one) - rank(found);
    return difference > 0 || (difference === 0 && compareIds(one.id, found.id) < 0) ? one : found;
  });
}
