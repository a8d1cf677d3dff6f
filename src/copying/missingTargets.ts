import { openIssueIds } from '../journal/issues.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { isWritten, type KeyedEntity, nameOf, type WrittenEntity } from '../plan/plan.ts';
import type { Exclusions } from '../processes/exclusions.ts';
import type { CopyContext } from '../writing/context.ts';
import { type PendingReference, type TranslatedRows, withoutRows } from './translatedRows.ts';
import { setAsideFor } from './translator.ts';

interface Target {
  entity: KeyedEntity;
  /** Source ids of its rows that this run set aside. */
  setAside: Set<string>;
}

/**
 * missingReferences "skip", for references that wait for the second pass: a row whose target will never be there has to
 * be set aside before it is written, for afterwards it has an id that others refer to. Known by then: the target is not
 * in the source up to its bound, or was set aside itself. A target of another entity that is set aside later leaves
 * NULL and an issue (deferred.ts).
 */
export class MissingTargets {
  readonly #context: CopyContext;
  readonly #own: EntityKey;
  readonly #targets: Map<EntityKey, Target>;
  readonly #exclusions: Exclusions;

  private constructor(context: CopyContext, own: EntityKey, targets: Map<EntityKey, Target>, exclusions: Exclusions) {
    this.#context = context;
    this.#own = own;
    this.#targets = targets;
    this.#exclusions = exclusions;
  }

  /** @throws DatabaseError */
  static async of(context: CopyContext, entity: WrittenEntity, exclusions: Exclusions): Promise<MissingTargets> {
    const targets = new Map<EntityKey, Target>();
    for (const { target, deferred, missing } of entity.references) {
      const planned = context.plan.entities.find(({ key }) => key === target);
      if (!deferred || missing !== 'skip' || planned === undefined || targets.has(target)) continue;
      const setAside = await openIssueIds(context.journal.database, context.journal.runId, target);
      // Only what is in one cycle is deferred, and there all are written and have identifiers.
      if (!isWritten(planned) || planned.identifier === 'none')
        throw new Error(`${nameOf(planned)} cannot be deferred to`);
      targets.set(target, { entity: planned, setAside: new Set(setAside) });
    }
    return new MissingTargets(context, entity.key, targets, exclusions);
  }

  /** The batch without the rows that cannot be completed, and those of it that refer to them. @throws DatabaseError */
  async leaveOut(translated: TranslatedRows): Promise<TranslatedRows> {
    if (this.#targets.size === 0) return translated;
    for (const { sourceId } of translated.setAside) this.note(sourceId);
    const waiting = translated.pending.filter(({ reference }) => reference.missing === 'skip');
    const absent = await this.#absent(waiting);
    const isMissing = ({ reference, value }: PendingReference) =>
      absent.get(reference.target)?.has(value) ||
      this.#targets.get(reference.target)?.setAside.has(value) ||
      this.#exclusions.of(reference.target, value) !== null;
    const out = new Set<number>();
    const setAside = [...translated.setAside];
    for (let before = -1; before < out.size; ) {
      before = out.size;
      for (const pending of waiting) {
        if (out.has(pending.row) || !isMissing(pending)) continue;
        const sourceId = translated.sourceIds[pending.row]!;
        out.add(pending.row);
        setAside.push(setAsideFor(pending.reference, sourceId));
        this.note(sourceId);
      }
    }
    return withoutRows({ ...translated, setAside }, out);
  }

  /** Remembers a row of the entity that was set aside for another reason. */
  note(sourceId: string | null): void {
    if (sourceId !== null) this.#targets.get(this.#own)?.setAside.add(sourceId);
  }

  /** Of the targets waited for, those that the source does not have, or has only above the bound of this run. */
  async #absent(waiting: readonly PendingReference[]): Promise<Map<EntityKey, Set<string>>> {
    const absent = new Map<EntityKey, Set<string>>();
    for (const { reference, value } of waiting) {
      absent.set(reference.target, (absent.get(reference.target) ?? new Set()).add(value));
    }
    for (const [key, values] of absent) {
      const target = this.#targets.get(key);
      if (target === undefined) continue;
      const { source, bound } = target.entity;
      const pages = this.#context.source.readRows({
        table: { schema: source.schema, name: source.table },
        columns: [source.identifier],
        key: source.identifier,
        keys: [...values],
        upTo: bound,
        batch: this.#context.batch,
      });
      for await (const rows of pages) for (const [id] of rows) values.delete(id as string);
    }
    return absent;
  }
}
