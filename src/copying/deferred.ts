import type { Cell, Row, RowRead } from '../database/port.ts';
import { type GrowingIdMap, loadIdMap } from '../identity/mapStore.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { unfinishedRuns } from '../journal/fills.ts';
import { leftNull, type NewIssue, newIssue } from '../journal/issues.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import type { KeyedEntity, PlannedReference, WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type Exclusions, loadExclusions } from '../processes/exclusions.ts';
import {
  type CopyContext,
  type CopyControl,
  type CopyOutcome,
  destinationTable,
  type EntityWork,
  sourceTable,
} from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { loadTargetMaps, type TargetMaps } from './entityCopy.ts';
import { missingReference } from './errors.ts';
import { passAgain } from './secondPass.ts';
import { typeOf } from './translator.ts';

/** A column of deferred references: what it is read from, and what it refers to, by the row's type where it has one. */
interface Deferred {
  source: string;
  destination: string;
  type: string | null;
  referenceOf(type: Cell): PlannedReference | undefined;
}

function deferredReferences(entity: WrittenEntity): Deferred[] {
  return entity.columns.flatMap(({ destination, handling }): Deferred[] => {
    if (handling.as === 'reference') {
      const reference = plannedReference(entity, handling.reference);
      if (!reference.deferred) return [];
      return [{ source: handling.source, destination, type: null, referenceOf: () => reference }];
    }
    if (handling.as !== 'typed') return [];
    const deferred = new Map(
      Object.entries(handling.references).flatMap(([type, number]): [string, PlannedReference][] => {
        const reference = plannedReference(entity, number);
        return reference.deferred ? [[type, reference]] : [];
      }),
    );
    if (deferred.size === 0) return [];
    const referenceOf = (type: Cell) => deferred.get(typeOf(type));
    return [{ source: handling.source, destination, type: handling.type, referenceOf }];
  });
}

/** The reference that a column names by its number. */
function plannedReference(entity: WrittenEntity, number: number): PlannedReference {
  const reference = entity.references[number];
  if (reference === undefined) throw new Error(`the plan of ${nameOf(entity)} has no reference ${number}`);
  return reference;
}

/**
 * Whether rows of this entity wait for references: rows written by this run, or by one that ended before its second
 * pass.
 */
export async function needsSecondPass({ journal }: CopyContext, entity: WrittenEntity): Promise<boolean> {
  if (deferredReferences(entity).length === 0) return false;
  const retried = await loadRetried(journal.database, journal.runId, entity.key);
  if (retried !== null) return retried.length > 0;
  return (await unfinishedRuns(journal.database, journal.of(entity.key))).size > 0;
}

/**
 * The second pass: reads the deferred references of the entity's rows again, translates them, and fills those that are
 * still NULL in the destination. Idempotent by construction; rows reused from the destination are never touched.
 * @throws CopyError `missing-reference`, DatabaseError, LeaseLostError
 */
export async function fillDeferred(
  context: CopyContext,
  entity: WrittenEntity,
  control: CopyControl,
): Promise<CopyOutcome> {
  const journal = context.journal.of(entity.key);
  const { state } = await journal.progress();
  if (state !== 'copied' && state !== 'filling') return 'done';
  if ((await context.journal.control()) === 'pause') return 'paused';
  if (state === 'copied') await journal.setState('filling');
  if (entity.identifier === 'none') throw new Error(`${nameOf(entity)} has no identifier to find rows again by`);
  const filling = await DeferredFill.begin({ context, entity, journal, control });
  const outcome = await filling.run();
  if (outcome === 'done') await journal.setState('done');
  return outcome;
}

/** Destination id, then one cell for each deferred reference; and what is to be said of those that stay NULL. */
interface TranslatedReferences {
  rows: Row[];
  nulled: number;
  issues: NewIssue[];
}

/** With its place, and that of its type, in a row that is read. */
interface PlacedDeferred extends Deferred {
  place: number;
  typePlace: number | null;
}

class DeferredFill {
  readonly #work: EntityWork<KeyedEntity>;
  readonly #read: Omit<RowRead, 'after' | 'batch'>;
  readonly #deferred: PlacedDeferred[];
  readonly #own: GrowingIdMap;
  readonly #mapOf: TargetMaps;
  readonly #exclusions: Exclusions;

  private constructor(
    work: EntityWork<KeyedEntity>,
    keys: string[] | null,
    maps: { own: GrowingIdMap; of: TargetMaps },
    exclusions: Exclusions,
  ) {
    const { entity } = work;
    const deferred = deferredReferences(entity);
    const read = deferred.flatMap(({ source, type }) => (type === null ? [source] : [source, type]));
    const columns = [...new Set([entity.source.identifier, ...read])];
    this.#work = work;
    this.#own = maps.own;
    this.#mapOf = maps.of;
    this.#exclusions = exclusions;
    this.#deferred = deferred.map((one) => ({
      ...one,
      place: columns.indexOf(one.source),
      typePlace: one.type === null ? null : columns.indexOf(one.type),
    }));
    this.#read = {
      table: sourceTable(entity),
      columns,
      key: entity.source.identifier,
      upTo: entity.bound,
      anyNotNull: deferred.map(({ source }) => source),
      ...(keys === null ? {} : { keys }),
    };
  }

  /** @throws DatabaseError */
  static async begin(work: EntityWork<KeyedEntity>): Promise<DeferredFill> {
    const { context, entity, journal } = work;
    const { database } = context.journal;
    const runs = await unfinishedRuns(database, journal);
    const retried = await loadRetried(database, journal.runId, entity.key);
    const own = await loadIdMap(
      database,
      journal,
      entity.identifierType,
      ({ coding, runId }) => !coding.startsWith('reused') && (retried !== null || runs.has(runId)),
    );
    const deferred = entity.references.filter((reference) => reference.deferred);
    const of = await loadTargetMaps(context, deferred, null);
    const exclusions = await loadExclusions(database, journal.runId, entity);
    return new DeferredFill(work, retried, { own, of }, exclusions);
  }

  run(): Promise<CopyOutcome> {
    return passAgain(this.#work, this.#read, async (page) => {
      const { rows, nulled, issues } = this.#translate(page);
      return { filled: await this.#fill(rows), nulled, issues };
    });
  }

  #translate(page: readonly Row[]): TranslatedReferences {
    const into: TranslatedReferences = { rows: [], nulled: 0, issues: [] };
    for (const row of page) {
      const destinationId = this.#own.get(row[0] as string);
      if (destinationId === undefined) continue;
      const cells = this.#deferred.map((deferred) => this.#translateCell(row, deferred, into));
      if (cells.some((cell) => cell !== null)) into.rows.push([destinationId, ...cells]);
    }
    return into;
  }

  /** @returns the destination id that a reference leads to; null where it stays NULL, and then says why. */
  #translateCell(row: Row, { place, typePlace, referenceOf }: PlacedDeferred, into: TranslatedReferences): Cell {
    const value = row[place] as string | null;
    const reference = referenceOf(typePlace === null ? null : (row[typePlace] ?? null));
    if (value === null || reference === undefined) return null;
    const mapped = this.#mapOf(reference.target).get(value);
    if (mapped !== undefined) return mapped;
    // What the spec leaves out was counted when the row was written.
    if (isNullIdentifier(value) || this.#exclusions.leavesOut(reference, value)) return null;
    const sourceId = row[0] as string;
    if (reference.missing === 'fail') throw missingReference(this.#work.entity, reference, sourceId);
    if (reference.missing === 'null') into.nulled += 1;
    else into.issues.push(newIssue(leftNull, sourceId, reference));
    return null;
  }

  /** @returns rows changed. */
  async #fill(rows: Row[]): Promise<number> {
    if (rows.length === 0) return 0;
    const { entity } = this.#work;
    const name = nameOf(entity);
    const columns = this.#deferred.map(({ destination }) => destination);
    const { identifier } = entity.destination;
    const filled = await underEntityLock(this.#work, async (transaction) => {
      const stage = await transaction.stage(destinationTable(entity), [identifier, ...columns], rows);
      failpoint('fill', 'before', name);
      const changed = await transaction.fillFromStage(stage, identifier, columns);
      failpoint('fill', 'after', name);
      failpoint('fillCommit', 'before', name);
      return changed;
    });
    failpoint('fillCommit', 'after', name);
    return filled;
  }
}
