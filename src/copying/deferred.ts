import type { Cell, Row } from '../database/port.ts';
import { readAhead } from '../database/readAhead.ts';
import { type GrowingIdMap, loadIdMap } from '../identity/mapStore.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { closeFill, unfinishedRuns } from '../journal/fills.ts';
import { leftNull, type NewIssue, newIssue } from '../journal/issues.ts';
import { getProgress, setEntityState } from '../journal/progress.ts';
import { getRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import type { KeyedEntity, PlannedReference, WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type Exclusions, loadExclusions } from '../processes/exclusions.ts';
import { BatchSize } from '../writing/batchSize.ts';
import type { CopyContext, CopyControl, CopyOutcome } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { missingReference } from './errors.ts';
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
      const reference = entity.references[handling.reference]!;
      if (!reference.deferred) return [];
      return [{ source: handling.source, destination, type: null, referenceOf: () => reference }];
    }
    if (handling.as !== 'typed') return [];
    const deferred = new Map(
      Object.entries(handling.references).flatMap(([type, number]): [string, PlannedReference][] => {
        const reference = entity.references[number]!;
        return reference.deferred ? [[type, reference]] : [];
      }),
    );
    if (deferred.size === 0) return [];
    const referenceOf = (type: Cell) => deferred.get(typeOf(type));
    return [{ source: handling.source, destination, type: handling.type, referenceOf }];
  });
}

/** Whether rows of this entity wait for references: written by this run, or by one that ended before its second pass. */
export async function needsSecondPass(context: CopyContext, entity: WrittenEntity): Promise<boolean> {
  if (deferredReferences(entity).length === 0) return false;
  const retried = await loadRetried(context.journal, context.runId, entity.key);
  if (retried !== null) return retried.length > 0;
  return (await unfinishedRuns(context.journal, context.pairId, context.runId, entity.key)).size > 0;
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
  const progress = await getProgress(context.journal, context.runId, entity.key);
  if (progress.state !== 'copied' && progress.state !== 'filling') return 'done';
  if ((await getRun(context.journal, context.runId)).control === 'pause') return 'paused';
  if (progress.state === 'copied') await setEntityState(context.journal, context.lease, entity.key, 'filling');
  if (entity.identifier === 'none') throw new Error(`${nameOf(entity)} has no identifier to find rows again by`);
  const deferred = deferredReferences(entity);
  const runs = await unfinishedRuns(context.journal, context.pairId, context.runId, entity.key);
  const retried = await loadRetried(context.journal, context.runId, entity.key);
  const own = await loadIdMap(
    context.journal,
    context.pairId,
    entity.key,
    entity.identifierType,
    (segment) => !segment.coding.startsWith('reused') && (retried !== null || runs.has(segment.runId)),
  );
  const maps = await loadTargets(context, entity);
  const exclusions = await loadExclusions(context.journal, context.runId, entity);
  const columns = [
    ...new Set([
      entity.source.identifier,
      ...deferred.flatMap(({ source, type }) => (type === null ? [source] : [source, type])),
    ]),
  ];
  const size = new BatchSize(context.batch);
  const pages = context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns,
    key: entity.source.identifier,
    after: progress.filledUpTo,
    upTo: entity.bound,
    anyNotNull: deferred.map(({ source }) => source),
    ...(retried === null ? {} : { keys: retried }),
    batch: size,
  });
  let filledUpTo = progress.filledUpTo;
  for await (const rows of readAhead(pages)) {
    control.signal.throwIfAborted();
    const translated = translate(entity, deferred, { columns, rows }, own, maps, exclusions);
    const begun = performance.now();
    const filled = await fill(context, entity, deferred, translated.rows, control);
    const upTo = rows.at(-1)![0] as string;
    failpoint('fillClose', 'before', nameOf(entity));
    const next = await closeFill(context.journal, context.lease, entity.key, {
      from: filledUpTo,
      upTo,
      filled,
      nulled: translated.nulled,
      issues: translated.issues,
    });
    failpoint('fillClose', 'after', nameOf(entity));
    size.written(rows.length, performance.now() - begun);
    filledUpTo = upTo;
    control.onBatch(rows.length);
    if (next === 'pause') return 'paused';
    if (Date.now() > control.deadline) return 'timeUp';
  }
  await setEntityState(context.journal, context.lease, entity.key, 'done');
  return 'done';
}

async function loadTargets(context: CopyContext, entity: WrittenEntity): Promise<Map<EntityKey, GrowingIdMap>> {
  const types = new Map(context.plan.entities.map((planned) => [planned.key, planned.identifierType]));
  const maps = new Map<EntityKey, GrowingIdMap>();
  for (const { target, deferred } of entity.references) {
    if (!deferred || maps.has(target)) continue;
    maps.set(target, await loadIdMap(context.journal, context.pairId, target, types.get(target) ?? 'integer'));
  }
  return maps;
}

interface TranslatedReferences {
  /** Destination id, then one cell for each deferred reference. */
  rows: Row[];
  nulled: number;
  issues: NewIssue[];
}

function translate(
  entity: WrittenEntity,
  deferred: Deferred[],
  { columns, rows }: { columns: string[]; rows: Row[] },
  own: GrowingIdMap,
  maps: Map<EntityKey, GrowingIdMap>,
  exclusions: Exclusions,
): TranslatedReferences {
  const into: TranslatedReferences = { rows: [], nulled: 0, issues: [] };
  const places = deferred.map(({ source, type }) => ({
    value: columns.indexOf(source),
    type: type === null ? 0 : columns.indexOf(type),
  }));
  for (const row of rows) {
    const sourceId = row[0] as string;
    const destinationId = own.get(sourceId);
    if (destinationId === undefined) continue;
    const cells: Row = [destinationId];
    for (const [index, { referenceOf }] of deferred.entries()) {
      const value = row[places[index]!.value] as string | null;
      const reference = referenceOf(row[places[index]!.type]!);
      const mapped = value === null || reference === undefined ? undefined : maps.get(reference.target)!.get(value);
      cells.push(mapped ?? null);
      if (value === null || reference === undefined || mapped !== undefined || isNullIdentifier(value)) continue;
      // Counted when the row was written.
      if (exclusions.leavesOut(reference, value)) continue;
      if (reference.missing === 'fail') {
        throw missingReference(entity, reference, sourceId);
      }
      if (reference.missing === 'null') into.nulled += 1;
      else into.issues.push(newIssue(leftNull, sourceId, reference));
    }
    if (cells.some((cell, index) => index > 0 && cell !== null)) into.rows.push(cells);
  }
  return into;
}

/** @returns rows changed. */
async function fill(
  context: CopyContext,
  entity: KeyedEntity,
  deferred: Deferred[],
  rows: Row[],
  control: CopyControl,
): Promise<number> {
  if (rows.length === 0) return 0;
  const { schema, table, identifier } = entity.destination;
  const columns = deferred.map(({ destination }) => destination);
  const filled = await underEntityLock(context, entity, control, async (transaction) => {
    const stage = await transaction.stage({ schema, name: table }, [identifier, ...columns], rows);
    failpoint('fill', 'before', nameOf(entity));
    const changed = await transaction.fillFromStage(stage, identifier, columns);
    failpoint('fill', 'after', nameOf(entity));
    failpoint('fillCommit', 'before', nameOf(entity));
    return changed;
  });
  failpoint('fillCommit', 'after', nameOf(entity));
  return filled;
}
