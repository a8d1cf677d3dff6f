import type { MigrationSpec } from '../../config/migrationSpec.ts';
import { cellOfKind } from '../../database/canonicalText.ts';
import { DatabaseError } from '../../database/errors.ts';
import type { Cell, Database, Row, Stage, Transaction } from '../../database/port.ts';
import { compareIds } from '../../identity/compareIds.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { page } from '../../outsystems/environment.ts';
import { isNullIdentifier } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';
import {
  type Conflicts,
  type KeyedEntity,
  nameOf,
  type PlannedColumn,
  type PlannedEntity,
  referenceAt,
} from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';

/**
 * Where ids of a target lead that are in the destination before the run; undefined where nothing is known of the
 * target.
 */
export type KnownIds = (target: EntityKey) => Pick<IdMap, 'get'> | undefined;

interface ConflictRequest {
  source: Database;
  destination: Database;
  spec: Pick<MigrationSpec, 'conflicts' | 'rowErrors'>;
  knownIds: KnownIds;
  exclusions: Exclusions;
  /** Entities of which the destination keeps no row. */
  emptied: ReadonlySet<EntityKey>;
}

/** Source ids of an example each that a finding's journal entry holds. */
const exampleCount = 10;
const rowsAtOnce = 20_000;

/**
 * Lays the rows to come beside the unique indexes of the destination, set-wise and by its own collation, before
 * anything is written. Values that are not known yet (ids that the run will mint) clash with nothing that is there;
 * NULL is not looked at.
 * @throws DatabaseError
 */
export async function findConflicts(
  request: ConflictRequest,
  entities: readonly PlannedEntity[],
): Promise<{ findings: Findings; conflicts: Conflicts[] }> {
  const findings = new Findings();
  const conflicts: Conflicts[] = [];
  for (const entity of entities) {
    if (entity.role !== 'copied' || entity.identifier === 'none' || keysOf(entity).length === 0) continue;
    const clashes = await clashesOf(request, entity);
    conflicts.push(...clashes.conflicts);
    findings.merge(findingsOf(request, entity, clashes));
  }
  return { findings, conflicts };
}

/** What must be unique in the destination: its indexes, and identifiers that the destination does not mint. */
function keysOf({ identifier, destination, unique = [] }: KeyedEntity): string[][] {
  return identifier === 'kept' || identifier === 'reference' ? [[destination.identifier], ...unique] : unique;
}

/** How the rows to come of one entity clash. */
interface Clashes extends MeantRows {
  conflicts: Conflicts[];
}

/** Rows of which an index means a row that the destination has. */
interface MeantRows {
  /** Rows that `reuse` maps to the row that is there. */
  reusable: number;
  /** Rows of which one index means another row than the next, or none. */
  disputed: number;
}

function findingsOf({ spec, destination }: ConflictRequest, entity: KeyedEntity, clashes: Clashes): Findings {
  const findings = new Findings();
  const of = { entity: nameOf(entity), there: destination.name };
  for (const { index, taken, repeated } of clashes.conflicts) {
    if (taken > 0 && spec.conflicts === 'fail') {
      findings.add('conflict', { ...of, clash: 'taken', columns: index, rows: taken });
    }
    if (repeated > 0) {
      const setAside = spec.rowErrors === 'setAside';
      findings.add('conflict', { ...of, clash: 'repeated', columns: index, rows: repeated, setAside });
    }
  }
  if (spec.conflicts === 'reuse' && clashes.disputed > 0) {
    findings.add('conflict', { ...of, clash: 'disputed', rows: clashes.disputed });
  }
  if (spec.conflicts === 'reuse' && clashes.reusable > 0) {
    findings.add('conflict', { ...of, clash: 'reusable', rows: clashes.reusable });
  }
  return findings;
}

async function clashesOf(request: ConflictRequest, entity: KeyedEntity): Promise<Clashes> {
  const keys = keysOf(entity);
  const checked: CheckedKey[] = [];
  for (const key of keys) checked.push(...(await checkKey(request, entity, key)));
  return { conflicts: checked.flatMap((key) => conflictsOf(entity, key)), ...meantRows(checked, keys.length > 1) };
}

/** The rows to come, as one index of the destination sees them. */
interface CheckedKey {
  index: string[];
  /** Source ids of the rows, by their numbers. */
  ids: string[];
  /** Ids of the rows in the destination that have the same key, by the number of the row to come. */
  occupants: Map<number, string>;
  /** Rows whose key another row to come has. */
  repeated: number;
}

/**
 * @returns nothing where a value does not fit its column: the plan says so by another finding.
 * @throws DatabaseError
 */
async function checkKey(request: ConflictRequest, entity: KeyedEntity, index: string[]): Promise<CheckedKey[]> {
  const reading = new KeyReading(request, entity, index);
  const table = { schema: entity.destination.schema, name: entity.destination.table };
  try {
    return await request.destination.transaction(async (transaction) => {
      const stage = await transaction.stage(table, index, reading.keys());
      const occupants = request.emptied.has(entity.key)
        ? new Map<number, string>()
        : await occupantsOf(transaction, stage, index, entity.destination.identifier);
      const twins = await transaction.stagedTwins(stage, index);
      const repeated = twins.filter(({ row }) => !occupants.has(row)).length;
      return [{ index, ids: reading.ids, occupants, repeated }];
    });
  } catch (error) {
    if (error instanceof DatabaseError && error.rowLevel) return [];
    throw error;
  }
}

function conflictsOf({ key: entity }: KeyedEntity, { index, ids, occupants, repeated }: CheckedKey): Conflicts[] {
  if (occupants.size + repeated === 0) return [];
  const examples = [...occupants].slice(0, exampleCount).map(([row, id]): [string, string] => [ids[row]!, id]);
  return [{ entity, index, taken: occupants.size, repeated, examples }];
}

/** @param several the entity has more than one key: then a key that means no row disputes what another means. */
function meantRows(checked: readonly CheckedKey[], several: boolean): MeantRows {
  /** Ids of the destination that each row's indexes mean; null of an index that means none. */
  const meant = new Map<string, Set<string | null>>();
  for (const { ids, occupants } of checked) {
    for (const [row, id] of ids.entries()) {
      if (several || occupants.has(row)) meant.set(id, (meant.get(id) ?? new Set()).add(occupants.get(row) ?? null));
    }
  }
  const ofRows = [...meant.values()];
  const meantOnce = ofRows.filter((means) => means.size === 1);
  return {
    reusable: meantOnce.filter((means) => !means.has(null)).length,
    disputed: ofRows.length - meantOnce.length,
  };
}

/** Staged rows whose key a row of the table has; the lowest id where there are several. */
async function occupantsOf(
  transaction: Transaction,
  stage: Stage,
  index: string[],
  identifier: string,
): Promise<Map<number, string>> {
  const occupants = new Map<number, string>();
  for (let from = 0; from < stage.rows; from += rowsAtOnce) {
    const range = { from, to: from + rowsAtOnce };
    for (const { row, cells } of await transaction.matchStaged(stage, index, [identifier], range)) {
      const id = String(cells[0]);
      const other = occupants.get(row);
      if (other === undefined || compareIds(id, other) < 0) occupants.set(row, id);
    }
  }
  return occupants;
}

/** Reads the rows to come, as far as an index goes, in the destination's terms. */
class KeyReading {
  /** Source ids in the order of the keys. */
  readonly ids: string[] = [];
  readonly #request: ConflictRequest;
  readonly #entity: KeyedEntity;
  readonly #columns: PlannedColumn[];

  constructor(request: ConflictRequest, entity: KeyedEntity, index: string[]) {
    this.#request = request;
    this.#entity = entity;
    this.#columns = index.map((name) => writtenColumn(entity, name));
  }

  async *keys(): AsyncGenerator<Row[]> {
    const { source, bound, partOf } = this.#entity;
    const sources = this.#columns.flatMap(({ handling }) => (handling.as === 'neutral' ? [] : [handling.source]));
    const columns = [...new Set([source.identifier, ...sources, ...(partOf === undefined ? [] : [partOf.column])])];
    const pages = this.#request.source.readRows({
      table: { schema: source.schema, name: source.table },
      columns,
      key: source.identifier,
      upTo: bound,
      batch: page,
    });
    for await (const rows of pages) {
      const keys: Row[] = [];
      for (const row of rows) {
        const cellOf = (column: string) => row[columns.indexOf(column)]!;
        const id = String(cellOf(source.identifier));
        const key = this.#isToCome(id, cellOf) ? this.#keyOf(cellOf) : null;
        if (key === null) continue;
        this.ids.push(id);
        keys.push(key);
      }
      if (keys.length > 0) yield keys;
    }
  }

  /** It was not migrated before, and is no part of an instance that stays behind. */
  #isToCome(id: string, cellOf: (column: string) => Cell): boolean {
    const { key, partOf } = this.#entity;
    if (this.#request.knownIds(key)?.get(id) !== undefined) return false;
    if (partOf === undefined) return true;
    const owner = cellOf(partOf.column);
    return owner === null || this.#request.exclusions.of(partOf.instances, String(owner)) === null;
  }

  /** null where a part is NULL, or an id that the destination does not know yet. */
  #keyOf(cellOf: (column: string) => Cell): Row | null {
    const key: Row = [];
    for (const column of this.#columns) {
      const part = this.#partOf(column, cellOf);
      if (part === null) return null;
      key.push(part);
    }
    return key;
  }

  #partOf({ handling, kind }: PlannedColumn, cellOf: (column: string) => Cell): Cell {
    if (handling.as === 'typed') return null;
    if (handling.as === 'neutral') return cellOfKind(kind, handling.value);
    const cell = cellOf(handling.source);
    if (handling.as !== 'reference' || cell === null || (typeof cell === 'string' && isNullIdentifier(cell)))
      return cell;
    const { target, missing } = referenceAt(this.#entity, handling.reference);
    return missing === 'keep' ? cell : (this.#request.knownIds(target)?.get(String(cell)) ?? null);
  }
}

/** @throws Error for a column that the copy does not write */
function writtenColumn(entity: KeyedEntity, name: string): PlannedColumn {
  const column = entity.columns.find(({ destination }) => destination === name);
  if (column === undefined) throw new Error(`the plan writes no column ${name} of ${nameOf(entity)}`);
  return column;
}
