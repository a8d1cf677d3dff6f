import type { Database, Queries } from '../database/port.ts';
import { IdSet } from '../identity/idSet.ts';
import { keepIds, readKeptIds } from '../identity/keptIds.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/**
 * Why a row of a process instance stays behind: its tree belongs to no module of the scope (`outside`), the spec leaves
 * it out (`leftOut`, as `processes: active` does with what is over), or the destination lacks one of its definitions
 * (`setAside`).
 */
export type Exclusion = 'outside' | 'leftOut' | 'setAside';

const kinds: readonly Exclusion[] = ['outside', 'leftOut', 'setAside'];

/** A reference to rows that the spec may leave out: what it holds is the id of an instance of this entity. */
export interface LeavableReference {
  leftOut?: { instances: EntityKey; all: boolean };
}

/** Rows of processes and of activities that stay behind, by source id. Decided once, when the run is planned. */
export class Exclusions {
  readonly #lists = new Map<EntityKey, { exclusion: Exclusion; reason: number; ids: IdSet }[]>();

  add({ entity, exclusion, reason = 0, ids }: ExcludedIds): void {
    const lists = this.#lists.get(entity) ?? [];
    this.#lists.set(entity, lists);
    let list = lists.find((one) => one.exclusion === exclusion && one.reason === reason);
    if (list === undefined) {
      list = { exclusion, reason, ids: new IdSet() };
      lists.push(list);
    }
    for (const id of ids) list.ids.add(id);
  }

  /** Whether any instance stays behind at all. */
  get isEmpty(): boolean {
    return this.#lists.size === 0;
  }

  /** Why this instance stays behind; null where it does not. */
  of(instances: EntityKey, id: string): Exclusion | null {
    return this.#lists.get(instances)?.find(({ ids }) => ids.has(id))?.exclusion ?? null;
  }

  /** Number of the reason for which an instance is set aside. */
  reasonOf(instances: EntityKey, id: string): number {
    return (
      this.#lists.get(instances)?.find(({ exclusion, ids }) => exclusion === 'setAside' && ids.has(id))?.reason ?? 0
    );
  }

  /** The row that this reference names is left out on purpose: NULL is then what the spec asks for. */
  leavesOut({ leftOut }: LeavableReference, id: string): boolean {
    if (leftOut === undefined) return false;
    return leftOut.all || this.of(leftOut.instances, id) === 'leftOut';
  }
}

/** Of a run that takes everything. */
export const noExclusions = new Exclusions();

/** Ids that stay behind, as the journal keeps them. */
export interface ExcludedIds {
  entity: EntityKey;
  exclusion: Exclusion;
  /** Of instances that are set aside: the number of the reason why. */
  reason?: number;
  ids: string[];
}

/** Keeps what a run leaves behind: about a byte for each process and activity. */
export async function saveExclusions(queries: Queries, runId: string, excluded: readonly ExcludedIds[]): Promise<void> {
  for (const { entity, exclusion, reason = 0, ids } of excluded) {
    await keepIds(queries, { runId, entity, decision: `${exclusion}.${reason}` }, ids);
  }
}

/**
 * Process instances that a run leaves behind, as far as an entity's rows are part of any or refer to any.
 * @throws DatabaseError
 */
export async function loadExclusions(
  journal: Database,
  runId: string,
  { partOf, references }: { partOf?: { instances: EntityKey }; references: readonly LeavableReference[] },
): Promise<Exclusions> {
  const exclusions = new Exclusions();
  const instances = references.flatMap(({ leftOut }) => leftOut?.instances ?? []);
  for (const entity of new Set(partOf === undefined ? instances : [...instances, partOf.instances])) {
    for (const [decision, ids] of await readKeptIds(journal, runId, entity)) {
      const [kind, reason] = decision.split('.');
      const exclusion = kinds.find((one) => one === kind);
      if (exclusion !== undefined) exclusions.add({ entity, exclusion, reason: Number(reason), ids });
    }
  }
  return exclusions;
}
