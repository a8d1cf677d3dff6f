import type { Database, Queries } from '../database/port.ts';
import { keepIds, readKeptIds } from '../identity/keptIds.ts';
import type { EmptiedTable } from '../plan/plan.ts';
import type { CopyContext } from '../writing/context.ts';

const decision = 'emptied';
const page = { rows: 20_000, bytes: 4 * 1024 * 1024 };

/** Keeps which process instances of the destination a run deletes, in the order in which they go: a few bytes each. */
export async function saveGoing(
  queries: Queries,
  runId: string,
  tables: readonly EmptiedTable[],
  ids: readonly string[],
): Promise<void> {
  const table = tables.find(isProcesses);
  if (table !== undefined) await keepIds(queries, { runId, entity: table.key, decision }, ids);
}

/** The instances that a run deletes. They are told by their ids, so that half-deleted ones are still known. */
export class GoingInstances {
  readonly #destination: Database;
  readonly #tables: readonly EmptiedTable[];
  readonly #processes: string[];

  private constructor(destination: Database, tables: readonly EmptiedTable[], processes: string[]) {
    this.#destination = destination;
    this.#tables = tables;
    this.#processes = processes;
  }

  /** @throws DatabaseError */
  static async load(
    { journal, destination }: Pick<CopyContext, 'journal' | 'destination'>,
    tables: readonly EmptiedTable[],
  ): Promise<GoingInstances> {
    const table = tables.find(isProcesses);
    const kept = table && (await readKeptIds(journal.database, journal.runId, table.key));
    const ids = kept?.get(decision) ?? [];
    return new GoingInstances(destination, tables, ids);
  }

  /**
   * Ids that rows of the table must hold to be deleted; null where all rows are. Activities are read as they are now.
   * @throws DatabaseError
   */
  async ownersOf({ instances }: EmptiedTable): Promise<string[] | null> {
    if (instances === undefined) return null;
    return instances.of === 'processes' ? this.#processes : this.#activities();
  }

  async #activities(): Promise<string[]> {
    const table = this.#tables.find(({ holdsActivities }) => holdsActivities);
    if (table?.identifier == null || table.instances === undefined || this.#processes.length === 0) return [];
    const ids: string[] = [];
    const pages = this.#destination.readRows({
      table: table.table,
      columns: [table.identifier],
      key: table.identifier,
      among: { column: table.instances.column, keys: this.#processes },
      batch: page,
    });
    for await (const rows of pages) for (const [id] of rows) ids.push(String(id));
    return ids;
  }
}

/** Processes are found by their own ids. */
const isProcesses = ({ instances, identifier }: EmptiedTable) =>
  instances !== undefined && instances.column === identifier;
