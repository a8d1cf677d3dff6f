import type { Decisions, IdPair } from '../alignment/people/decisions.ts';
import type { Row } from '../database/port.ts';
import { readAhead } from '../database/readAhead.ts';
import { type GrowingIdMap, remap } from '../identity/mapStore.ts';
import { encodeSegment } from '../identity/segment.ts';
import { closeBatch, readPosition } from '../journal/batches.ts';
import { closeFill } from '../journal/fills.ts';
import { renewLease } from '../journal/lease.ts';
import { advanceProgress, getProgress } from '../journal/progress.ts';
import type { AlignedEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { BatchSize } from '../writing/batchSize.ts';
import { type CopyContext, type CopyControl, type CopyOutcome, destinationTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import type { Translator } from './translator.ts';

/**
 * Begins an aligned entity: its map says what the run decided of the rows that are in the destination already. What earlier
 * runs mapped stays, but for rows that are now another one's, or gone, or about to be. Called again it changes nothing.
 */
export async function beginAligned(context: CopyContext, entity: AlignedEntity, decisions: Decisions): Promise<void> {
  const there: IdPair[] = [...decisions.matched, ...decisions.updated];
  const forgotten = new Set([...decisions.recreated.map(([id]) => id), ...decisions.gone]);
  failpoint('align', 'before', nameOf(entity));
  await context.journal.transaction(async (transaction) => {
    await renewLease(transaction, context.lease);
    const { state } = await getProgress(transaction, context.runId, entity.key);
    if (state !== 'waiting') return;
    await remap(transaction, context.pairId, context.runId, entity.key, there, forgotten);
    const counts = { read: there.length, reused: there.length };
    await advanceProgress(transaction, context.runId, entity.key, { counts, state: 'copying' });
  });
  failpoint('align', 'after', nameOf(entity));
}

/**
 * Overwrites the matched rows with the source's values (`users: update`), in batches; the same again changes nothing more, so no
 * intent is needed.
 * @throws DatabaseError, LeaseLostError
 */
export async function overwriteMatched(
  context: CopyContext,
  entity: AlignedEntity,
  translator: Translator,
  updated: readonly IdPair[],
  control: CopyControl,
): Promise<CopyOutcome> {
  const { overwritten } = entity.aligned;
  if (updated.length === 0 || overwritten.length === 0) return 'done';
  const { filledUpTo } = await getProgress(context.journal, context.runId, entity.key);
  const destinationIds = new Map(updated);
  const places = overwritten.map((column) => translator.destinationColumns.indexOf(column));
  const identifier = entity.destination.identifier;
  const size = new BatchSize(context.batch);
  const pages = context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns: translator.sourceColumns,
    key: entity.source.identifier,
    keys: updated.map(([id]) => id),
    after: filledUpTo,
    batch: size,
  });
  let from = filledUpTo;
  for await (const page of readAhead(pages)) {
    control.signal.throwIfAborted();
    const begun = performance.now();
    const { rows, sourceIds } = translator.translate(page);
    const staged = rows.map((row, index): Row => {
      return [destinationIds.get(sourceIds[index]!)!, ...places.map((place) => row[place]!)];
    });
    await underEntityLock(context, entity, control, async (transaction) => {
      const stage = await transaction.stage(destinationTable(entity), [identifier, ...overwritten], staged);
      failpoint('overwrite', 'before', nameOf(entity));
      await transaction.overwriteFromStage(stage, identifier, overwritten);
      failpoint('overwrite', 'after', nameOf(entity));
    });
    const upTo = page.at(-1)![0] as string;
    const next = await closeFill(context.journal, context.lease, entity.key, {
      from,
      upTo,
      filled: 0,
      nulled: 0,
      issues: [],
    });
    size.written(page.length, performance.now() - begun);
    from = upTo;
    control.onBatch(page.length);
    if (next === 'pause') return 'paused';
    if (Date.now() > control.deadline) return 'timeUp';
  }
  return 'done';
}

/** Maps the rows that share the row inserted for another one. Called again it changes nothing. */
export async function adoptMerged(
  context: CopyContext,
  entity: AlignedEntity,
  own: GrowingIdMap,
  merged: readonly IdPair[],
): Promise<void> {
  const pairs = merged.flatMap(([id, owner]): IdPair[] => {
    const destinationId = own.get(id) === undefined ? own.get(owner) : undefined;
    return destinationId === undefined ? [] : [[id, destinationId]];
  });
  if (pairs.length === 0) return;
  const { ordinal, copiedUpTo } = await readPosition(context.journal, context.pairId, context.runId, entity.key);
  const content = encodeSegment(
    pairs.map(([id]) => id),
    pairs.map(([, id]) => id),
  );
  await closeBatch(context.journal, context.lease, context.pairId, entity.key, {
    ordinal,
    from: copiedUpTo,
    hadIntent: false,
    segments: [{ coding: 'reusedPairs', rows: pairs.length, content }],
    tally: { counts: { read: pairs.length, reused: pairs.length }, copiedUpTo },
    runId: context.runId,
  });
}
