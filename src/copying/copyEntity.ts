import { loadDecisions } from '../alignment/people/decisionStore.ts';
import { DatabaseError } from '../database/errors.ts';
import type { Row } from '../database/port.ts';
import { ReadAhead } from '../database/readAhead.ts';
import { type GrowingIdMap, loadIdMap } from '../identity/mapStore.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { BatchClosedError, closeBatch, type EntityPosition, readPosition, reclaimIntents } from '../journal/batches.ts';
import { getProgress, setEntityState } from '../journal/progress.ts';
import { getRun } from '../journal/runs.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { AlignedEntity, CopiedEntity, KeyedEntity, WrittenEntity } from '../plan/plan.ts';
import { type Exclusions, loadExclusions, noExclusions } from '../processes/exclusions.ts';
import { BatchSize } from '../writing/batchSize.ts';
import type { CopyContext, CopyControl, CopyOutcome } from '../writing/context.ts';
import { adoptMerged, beginAligned, overwriteMatched } from './alignEntity.ts';
import { AlignedBatches } from './alignedBatches.ts';
import { type Batch, StalePositionError, settleIntent, upToOf, writeBatch } from './batch.ts';
import { needsSecondPass } from './deferred.ts';
import { refusedIssue } from './errors.ts';
import { MissingTargets } from './missingTargets.ts';
import { copyRowSet } from './rowSet.ts';
import { stageEarly } from './staging.ts';
import { createTranslator, type Translator } from './translator.ts';

/**
 * Copies the rows of one entity that its id map does not know yet, batch by batch, until it is complete, paused or out of
 * time. Called again, in this process or another, it goes on where the journal says.
 * @throws CopyError, DatabaseError, LeaseLostError; AbortSignal's reason when cancelled.
 */
export async function copyEntity(
  context: CopyContext,
  entity: WrittenEntity,
  control: CopyControl,
): Promise<CopyOutcome> {
  for (;;) {
    const progress = await getProgress(context.journal, context.runId, entity.key);
    if (progress.state !== 'waiting' && progress.state !== 'copying') return 'done';
    try {
      const outcome =
        entity.role === 'aligned'
          ? await copyAligned(context, entity, control)
          : await copyAll(context, entity, control);
      if (outcome !== 'done') return outcome;
      const next = (await needsSecondPass(context, entity)) ? 'copied' : 'done';
      await setEntityState(context.journal, context.lease, entity.key, next);
      return 'done';
    } catch (error) {
      // A worker that was taken for dead went on: what is in memory here is stale, the journal knows better.
      if (!(error instanceof StalePositionError) && !(error instanceof BatchClosedError)) throw error;
      control.signal.throwIfAborted();
    }
  }
}

async function copyAll(context: CopyContext, entity: CopiedEntity, control: CopyControl): Promise<CopyOutcome> {
  const { state } = await getProgress(context.journal, context.runId, entity.key);
  if (state === 'waiting') await setEntityState(context.journal, context.lease, entity.key, 'copying');
  const maps = await loadMaps(context, entity);
  const exclusions = await loadExclusions(context.journal, context.runId, entity);
  const translator = createTranslator(entity, maps.own, maps.of, exclusions);
  await settleIntent(context, entity, translator, control);
  if (entity.identifier === 'none') return copyRowSet(context, entity, translator, control);
  const keys = await loadRetried(context.journal, context.runId, entity.key);
  return copyBatches(context, entity, { translator, own: maps.own, keys, aligned: null, exclusions }, control);
}

/** People, groups and what they are allowed: what the run decided when it was planned (alignment/people). */
async function copyAligned(context: CopyContext, entity: AlignedEntity, control: CopyControl): Promise<CopyOutcome> {
  const decisions = await loadDecisions(context.journal, context.runId, entity.key);
  const before = await loadMaps(context, entity);
  await settleIntent(context, entity, createTranslator(entity, before.own, before.of), control);
  await beginAligned(context, entity, decisions);

  const { own, of } = await loadMaps(context, entity);
  const translator = createTranslator(entity, own, of);
  const keys = [...decisions.created, ...decisions.recreated.map(([id]) => id)];
  const aligned = new AlignedBatches(entity, translator, new Map(decisions.recreated));
  const inserted = await copyBatches(
    context,
    entity,
    { translator, own, keys, aligned, exclusions: noExclusions },
    control,
  );
  if (inserted !== 'done') return inserted;
  const everyRow = createTranslator(entity, null, of);
  const overwritten = await overwriteMatched(context, entity, everyRow, decisions.updated, control);
  if (overwritten !== 'done') return overwritten;
  await adoptMerged(context, entity, own, decisions.merged);
  return 'done';
}

/** Batches after which the journal's space is reclaimed: some 3 MB of intents. */
const reclaimEvery = 32;

interface Maps {
  own: GrowingIdMap;
  of: (target: EntityKey) => GrowingIdMap;
}

async function loadMaps(context: CopyContext, entity: WrittenEntity): Promise<Maps> {
  const types = new Map(context.plan.entities.map((planned) => [planned.key, planned.identifierType]));
  const load = (key: EntityKey) => loadIdMap(context.journal, context.pairId, key, types.get(key) ?? 'integer');
  const own = await load(entity.key);
  const maps = new Map<EntityKey, GrowingIdMap>([[entity.key, own]]);
  for (const { target, missing } of entity.references) {
    if (missing !== 'keep' && !maps.has(target)) maps.set(target, await load(target));
  }
  return { own, of: (target) => maps.get(target)! };
}

/** Which rows of an entity are copied, and how. */
interface Batches {
  translator: Translator;
  own: GrowingIdMap;
  /** Source ids; null for all up to the bound. */
  keys: string[] | null;
  aligned: AlignedBatches | null;
  exclusions: Exclusions;
}

async function copyBatches(
  context: CopyContext,
  entity: KeyedEntity,
  { translator, own, keys, aligned, exclusions }: Batches,
  control: CopyControl,
): Promise<CopyOutcome> {
  let position: Pick<EntityPosition, 'ordinal' | 'copiedUpTo'> = await readPosition(
    context.journal,
    context.pairId,
    context.runId,
    entity.key,
  );
  if ((await getRun(context.journal, context.runId)).control === 'pause') return 'paused';
  const size = new BatchSize(context.batch);
  const pages = context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns: translator.sourceColumns,
    key: entity.source.identifier,
    after: position.copiedUpTo,
    upTo: entity.bound,
    ...(keys === null ? {} : { keys }),
    batch: size,
  });
  let batches = 0;
  const missing = await MissingTargets.of(context, entity, exclusions);
  const toBatch = async (source: Row[]): Promise<Batch> => {
    const translated = translator.translate(source);
    await missing.leaveOut(translated);
    return { source, translated, early: null, aligned };
  };
  const ahead = new ReadAhead(stagedEarly(context, entity, translator, pages, toBatch), giveUp);
  const whileInserting = () => ahead.begin();
  for await (const prepared of ahead) {
    try {
      const queue = [async () => prepared];
      while (queue.length > 0) {
        control.signal.throwIfAborted();
        const batch = await queue.shift()!();
        try {
          const begun = performance.now();
          const written = await writeBatch(context, entity, translator, batch, position, control, whileInserting);
          size.written(batch.source.length, performance.now() - begun);
          for (const segment of written.segments) own.add(segment.content);
          position = { ordinal: written.ordinal, copiedUpTo: upToOf(batch) };
          control.onBatch(batch.source.length);
          batches += 1;
          if (batches % reclaimEvery === 0) await reclaimIntents(context.journal);
          if (written.control === 'pause') return 'paused';
        } catch (error) {
          if (!(error instanceof DatabaseError && error.rowLevel && context.rowErrors === 'setAside')) throw error;
          await settleIntent(context, entity, translator, control);
          if (batch.source.length === 1) {
            await setRowAside(context, entity, batch, position, error);
            missing.note(upToOf(batch));
            position = { ...position, copiedUpTo: upToOf(batch) };
          } else {
            queue.unshift(...halves(batch.source).map((half) => () => toBatch(half)));
          }
        }
      }
    } finally {
      await giveUp(prepared);
    }
    if (Date.now() > control.deadline) return 'timeUp';
  }
  if (batches > 1) await reclaimIntents(context.journal);
  return 'done';
}

/**
 * Makes batches of pages. Where nothing of a batch depends on the one before it, its rows are on their way into the
 * destination's temporary table already.
 */
async function* stagedEarly(
  context: CopyContext,
  entity: KeyedEntity,
  translator: Translator,
  pages: AsyncIterable<Row[]>,
  toBatch: (source: Row[]) => Promise<Batch>,
): AsyncGenerator<Batch> {
  for await (const page of pages) {
    const batch = await toBatch(page);
    const { rows, pending } = batch.translated;
    const isFree =
      entity.identifier === 'minted' &&
      batch.aligned === null &&
      pending.length === 0 &&
      rows.length > 0 &&
      !(context.conflicts === 'reuse' && entity.unique);
    yield isFree ? { ...batch, early: stageEarly(context, entity, translator.destinationColumns, rows) } : batch;
  }
}

/** Ends the transaction of a batch that is not written. */
async function giveUp({ early }: Batch): Promise<void> {
  await early?.discard();
}

function halves(rows: Row[]): [Row[], Row[]] {
  const middle = rows.length >> 1;
  return [rows.slice(0, middle), rows.slice(middle)];
}

/** Records the one row that the destination does not take, and goes past it. */
async function setRowAside(
  context: CopyContext,
  entity: KeyedEntity,
  batch: Batch,
  position: Pick<EntityPosition, 'ordinal' | 'copiedUpTo'>,
  error: DatabaseError,
): Promise<void> {
  await closeBatch(context.journal, context.lease, context.pairId, entity.key, {
    ordinal: position.ordinal,
    from: position.copiedUpTo,
    hadIntent: false,
    segments: [],
    tally: {
      counts: { read: 1, setAside: 1 },
      copiedUpTo: upToOf(batch),
      issues: [refusedIssue(error, upToOf(batch))],
    },
    runId: context.runId,
  });
}
