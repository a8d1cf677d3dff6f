import type { MigrationSpec } from '../../config/migrationSpec.ts';
import { cellOfKind } from '../../database/canonicalText.ts';
import { DatabaseError } from '../../database/errors.ts';
import type { Cell, Database, Row, Transaction } from '../../database/port.ts';
import { compareIds } from '../../identity/compareIds.ts';
import type { IdMap } from '../../identity/idMap.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { Findings } from '../../plan/findings.ts';
import { type Conflicts, type KeyedEntity, nameOf, type PlannedColumn, type PlannedEntity } from '../../plan/plan.ts';
import type { Exclusions } from '../../processes/exclusions.ts';

/** Where ids of a target lead that are in the destination before the run; undefined where nothing is known of the target. */
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
const page = { rows: 5_000, bytes: 4 * 1024 * 1024 };

/**
 * Lays the rows to come beside the unique indexes of the destination, set-wise and by its own collation, before anything is
 * written. Values that are not known yet (ids that the run will mint) clash with nothing that is there; NULL is not looked at.
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
    const found = await conflictsOf(request, entity);
    conflicts.push(...found.conflicts);
    findings.merge(say(request, entity, found));
  }
  return { findings, conflicts };
}

/** What must be unique in the destination: its indexes, and identifiers that the destination does not mint. */
function keysOf({ identifier, destination, unique = [] }: KeyedEntity): string[][] {
  return identifier === 'kept' || identifier === 'reference' ? [[destination.identifier], ...unique] : unique;
}

interface Found {
  conflicts: Conflicts[];
  /** Rows that `reuse` maps to the row that is there. */
  reusable: number;
  /** Rows of which one index means another row than the next, or none. */
  disputed: number;
}

function say({ spec, destination }: ConflictRequest, entity: KeyedEntity, found: Found): Findings {
  const findings = new Findings();
  const of = { entity: nameOf(entity), there: destination.name };
  for (const { index, taken, repeated } of found.conflicts) {
    if (taken > 0 && spec.conflicts === 'fail') {
      findings.add('conflict', { ...of, clash: 'taken', columns: index, rows: taken });
    }
    if (repeated > 0) {
      const setAside = spec.rowErrors === 'setAside';
      findings.add('conflict', { ...of, clash: 'repeated', columns: index, rows: repeated, setAside });
    }
  }
  if (spec.conflicts === 'reuse' && found.disputed > 0) {
    findings.add('conflict', { ...of, clash: 'disputed', rows: found.disputed });
  }
  if (spec.conflicts === 'reuse' && found.reusable > 0) {
    findings.add('conflict', { ...of, clash: 'reusable', rows: found.reusable });
  }
  return findings;
}

async function conflictsOf(request: ConflictRequest, entity: KeyedEntity): Promise<Found> {
  const found: Found = { conflicts: [], reusable: 0, disputed: 0 };
  /** Ids of the destination that each row's indexes mean; null of an index that means none. */
  const meant = new Map<string, Set<string | null>>();
  const known = request.knownIds(entity.key);
  const keys = keysOf(entity);
  for (const index of keys) {
    const reading = new KeyReading(request, entity, index, known);
    try {
      await request.destination.transaction(async (transaction) => {
        const table = { schema: entity.destination.schema, name: entity.destination.table };
        const stage = await transaction.stage(table, index, reading.keys());
        const taken = request.emptied.has(entity.key)
          ? new Map<number, string>()
          : await takenBy(transaction, stage, index, entity.destination.identifier);
        const repeated = (await transaction.stagedTwins(stage, index)).filter(({ row }) => !taken.has(row)).length;
        for (const [row, id] of reading.ids.entries()) {
          const means = meant.get(id) ?? new Set();
          if (taken.has(row) || keys.length > 1) meant.set(id, means.add(taken.get(row) ?? null));
        }
        if (taken.size + repeated === 0) return;
        const examples = [...taken]
          .slice(0, exampleCount)
          .map(([row, id]): [string, string] => [reading.ids[row]!, id]);
        found.conflicts.push({ entity: entity.key, index, taken: taken.size, repeated, examples });
      });
    } catch (error) {
      // A value that does not fit its column: the plan says so by another finding.
      if (!(error instanceof DatabaseError && error.rowLevel)) throw error;
    }
  }
  for (const means of meant.values()) {
    if (means.size === 1 && means.has(null)) continue;
    if (means.size === 1) found.reusable += 1;
    else found.disputed += 1;
  }
  return found;
}

/** Staged rows whose key a row of the table has; the lowest id where there are several. */
async function takenBy(
  transaction: Transaction,
  stage: Parameters<Transaction['matchStaged']>[0],
  index: string[],
  identifier: string,
): Promise<Map<number, string>> {
  const taken = new Map<number, string>();
  for (let from = 0; from < stage.rows; from += rowsAtOnce) {
    for (const { row, cells } of await transaction.matchStaged(stage, index, [identifier], {
      from,
      to: from + rowsAtOnce,
    })) {
      const id = String(cells[0]);
      const other = taken.get(row);
      if (other === undefined || compareIds(id, other) < 0) taken.set(row, id);
    }
  }
  return taken;
}

/** Reads the rows to come, as far as an index goes, in the destination's terms. */
class KeyReading {
  /** Source ids in the order of the keys. */
  readonly ids: string[] = [];
  readonly #request: ConflictRequest;
  readonly #entity: KeyedEntity;
  readonly #columns: PlannedColumn[];
  readonly #known: Pick<IdMap, 'get'> | undefined;

  constructor(request: ConflictRequest, entity: KeyedEntity, index: string[], known: Pick<IdMap, 'get'> | undefined) {
    this.#request = request;
    this.#entity = entity;
    this.#columns = index.map((name) => entity.columns.find(({ destination }) => destination === name)!);
    this.#known = known;
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
        const id = row[0] as string;
        if (this.#known?.get(id) !== undefined) continue;
        const of = (column: string) => row[columns.indexOf(column)]!;
        const owner = partOf === undefined ? null : of(partOf.column);
        if (owner !== null && this.#request.exclusions.of(partOf!.instances, String(owner)) !== null) continue;
        const key = this.#keyOf(of);
        if (key === null) continue;
        this.ids.push(id);
        keys.push(key);
      }
      if (keys.length > 0) yield keys;
    }
  }

  /** null where a part is NULL, or an id that the destination does not know yet. */
  #keyOf(of: (column: string) => Cell): Row | null {
    const key: Row = [];
    for (const { handling, kind } of this.#columns) {
      if (handling.as === 'typed') return null;
      const cell = handling.as === 'neutral' ? cellOfKind(kind, handling.value) : of(handling.source);
      if (cell === null) return null;
      if (handling.as !== 'reference' || cell === '0' || cell === '') {
        key.push(cell);
        continue;
      }
      const reference = this.#entity.references[handling.reference]!;
      const mapped = reference.missing === 'keep' ? cell : this.#request.knownIds(reference.target)?.get(String(cell));
      if (mapped === undefined) return null;
      key.push(mapped);
    }
    return key;
  }
}
