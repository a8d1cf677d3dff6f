import { loadDecisions } from '../alignment/people/decisionStore.ts';
import { loadRetried } from '../identity/retriedIds.ts';
import { BatchClosedError } from '../journal/batches.ts';
import type { AlignedEntity, CopiedEntity, WrittenEntity } from '../plan/plan.ts';
import { loadExclusions, noExclusions } from '../processes/exclusions.ts';
import type { CopyContext, CopyControl, CopyOutcome, EntityWork } from '../writing/context.ts';
import { adoptMerged, beginAligned, overwriteMatched } from './alignEntity.ts';
import { AlignedBatches } from './alignedBatches.ts';
import { StalePositionError, settleIntent } from './batch.ts';
import { BatchCopy } from './batchCopy.ts';
import { needsSecondPass } from './deferred.ts';
import { loadMapOf, loadTargetMaps } from './entityCopy.ts';
import { copyRowSet } from './rowSet.ts';
import { createTranslator, type TranslatorMaps } from './translator.ts';

/**
 * Copies the rows of one entity that its id map does not know yet, batch by batch, until it is complete, paused or out
 * of time. Called again, in this process or another, it goes on where the journal says.
 * @throws CopyError, DatabaseError, LeaseLostError; AbortSignal's reason when cancelled.
 */
export async function copyEntity(
  context: CopyContext,
  entity: WrittenEntity,
  control: CopyControl,
): Promise<CopyOutcome> {
  const journal = context.journal.of(entity.key);
  for (;;) {
    const { state } = await journal.progress();
    if (state !== 'waiting' && state !== 'copying') return 'done';
    try {
      const outcome =
        entity.role === 'aligned'
          ? await copyAligned({ context, entity, journal, control })
          : await copyAll({ context, entity, journal, control });
      if (outcome !== 'done') return outcome;
      await journal.setState((await needsSecondPass(context, entity)) ? 'copied' : 'done');
      return 'done';
    } catch (error) {
      // A worker that was taken for dead went on: what is in memory here is stale, the journal knows better.
      if (!(error instanceof StalePositionError) && !(error instanceof BatchClosedError)) throw error;
      control.signal.throwIfAborted();
    }
  }
}

async function copyAll(work: EntityWork<CopiedEntity>): Promise<CopyOutcome> {
  const { context, entity, journal } = work;
  if ((await journal.progress()).state === 'waiting') await journal.setState('copying');
  const maps = await loadMaps(context, entity);
  const exclusions = await loadExclusions(context.journal.database, journal.runId, entity);
  const translator = createTranslator(entity, maps, exclusions);
  await settleIntent({ ...work, translator });
  if (entity.identifier === 'none') return copyRowSet({ ...work, entity, translator });
  const keys = await loadRetried(context.journal.database, journal.runId, entity.key);
  const copy = { ...work, entity, translator };
  return (await BatchCopy.begin(copy, { own: maps.own, keys, aligned: null, exclusions })).run();
}

/** People, groups and what they are allowed: what the run decided when it was planned (alignment/people). */
async function copyAligned(work: EntityWork<AlignedEntity>): Promise<CopyOutcome> {
  const { context, entity, journal } = work;
  const decisions = await loadDecisions(context.journal.database, journal.runId, entity.key);
  const before = await loadMaps(context, entity);
  await settleIntent({ ...work, translator: createTranslator(entity, before) });
  await beginAligned(work, decisions);

  const maps = await loadMaps(context, entity);
  const translator = createTranslator(entity, maps);
  const keys = [...decisions.created, ...decisions.recreated.map(([id]) => id)];
  const aligned = new AlignedBatches(entity, translator, new Map(decisions.recreated));
  const rows = { own: maps.own, keys, aligned, exclusions: noExclusions };
  const inserted = await (await BatchCopy.begin({ ...work, translator }, rows)).run();
  if (inserted !== 'done') return inserted;
  const everyRow = createTranslator(entity, { own: null, of: maps.of });
  const overwritten = await overwriteMatched({ ...work, translator: everyRow }, decisions.updated);
  if (overwritten !== 'done') return overwritten;
  await adoptMerged(journal, maps.own, decisions.merged);
  return 'done';
}

async function loadMaps(context: CopyContext, entity: WrittenEntity) {
  const own = await loadMapOf(context, entity.key);
  const translated = entity.references.filter(({ missing }) => missing !== 'keep');
  return { own, of: await loadTargetMaps(context, translated, [entity.key, own]) } satisfies TranslatorMaps;
}
