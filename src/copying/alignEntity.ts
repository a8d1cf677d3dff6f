import type { Decisions, IdPair } from '../alignment/people/decisions.ts';
import type { Row } from '../database/port.ts';
import { type GrowingIdMap, remap } from '../identity/mapStore.ts';
import { encodeSegment } from '../identity/segment.ts';
import { advanceProgress, getProgress } from '../journal/progress.ts';
import type { EntityJournal } from '../journal/runJournal.ts';
import type { AlignedEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type CopyOutcome, destinationTable, type EntityWork, sourceTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import type { EntityCopy } from './entityCopy.ts';
import { passAgain } from './secondPass.ts';

/**
 * Begins an aligned entity: its map says what the run decided of the rows that are in the destination already. What
 * earlier runs mapped stays, but for rows that are now another one's, or gone, or about to be. Called again it changes
 * nothing.
 */
export async function beginAligned(
  { entity, journal }: EntityWork<AlignedEntity>,
  decisions: Decisions,
): Promise<void> {
  const present: IdPair[] = [...decisions.matched, ...decisions.updated];
  const forgotten = new Set([...decisions.recreated.map(([id]) => id), ...decisions.gone]);
  failpoint('align', 'before', nameOf(entity));
  await journal.run.transaction(async (transaction) => {
    const { state } = await getProgress(transaction, journal.runId, entity.key);
    if (state !== 'waiting') return;
    await remap(transaction, journal, present, forgotten);
    const counts = { read: present.length, reused: present.length };
    await advanceProgress(transaction, journal.runId, entity.key, { counts, state: 'copying' });
  });
  failpoint('align', 'after', nameOf(entity));
}

/**
 * Overwrites the matched rows with the source's values (`users: update`), in batches.
 * @throws DatabaseError, LeaseLostError
 */
export async function overwriteMatched(
  copy: EntityCopy<AlignedEntity>,
  updated: readonly IdPair[],
): Promise<CopyOutcome> {
  const { entity, translator } = copy;
  const { overwritten } = entity.aligned;
  if (updated.length === 0 || overwritten.length === 0) return 'done';
  const destinationIds = new Map(updated);
  const destinationIdOf = (sourceId: string): string => {
    const destinationId = destinationIds.get(sourceId);
    if (destinationId === undefined) throw new Error(`${nameOf(entity)}: row ${sourceId} is not to be overwritten`);
    return destinationId;
  };
  const places = overwritten.map((column) => translator.destinationColumns.indexOf(column));
  const { identifier } = entity.destination;
  const read = {
    table: sourceTable(entity),
    columns: translator.sourceColumns,
    key: entity.source.identifier,
    keys: updated.map(([id]) => id),
  };
  return passAgain(copy, read, async (page) => {
    const { rows, sourceIds } = translator.translate(page);
    const staged = rows.map((row, index): Row => {
      return [destinationIdOf(sourceIds[index]!), ...places.map((place) => row[place]!)];
    });
    await underEntityLock(copy, async (transaction) => {
      const stage = await transaction.stage(destinationTable(entity), [identifier, ...overwritten], staged);
      failpoint('overwrite', 'before', nameOf(entity));
      await transaction.overwriteFromStage(stage, identifier, overwritten);
      failpoint('overwrite', 'after', nameOf(entity));
    });
    return { filled: 0, nulled: 0, issues: [] };
  });
}

/** Maps the rows that share the row inserted for another one. Called again it changes nothing. */
export async function adoptMerged(journal: EntityJournal, own: GrowingIdMap, merged: readonly IdPair[]): Promise<void> {
  const pairs = merged.flatMap(([id, owner]): IdPair[] => {
    const destinationId = own.get(id) === undefined ? own.get(owner) : undefined;
    return destinationId === undefined ? [] : [[id, destinationId]];
  });
  if (pairs.length === 0) return;
  const { ordinal, copiedUpTo } = await journal.position();
  const content = encodeSegment(
    pairs.map(([id]) => id),
    pairs.map(([, id]) => id),
  );
  await journal.closeBatch({
    ordinal,
    from: copiedUpTo,
    hadIntent: false,
    segments: [{ coding: 'reusedPairs', rows: pairs.length, content }],
    tally: { counts: { read: pairs.length, reused: pairs.length }, copiedUpTo },
    runId: journal.runId,
  });
}
