import { copyEntity } from '../copying/copyEntity.ts';
import { fillDeferred } from '../copying/deferred.ts';
import { explainMissing } from '../copying/explainMissing.ts';
import type { CopyControl } from '../writing/context.ts';
import type { EntityInput, EntityReport } from './contract.ts';
import { type RunContexts, writtenEntity } from './runContext.ts';

/**
 * Moves rows of an entity, or fills what was deferred of it, until it is complete, the run is paused or the time is up.
 * @throws CopyError, DatabaseError, StalePositionError, LeaseLostError
 */
export async function moveEntity(
  contexts: RunContexts,
  { run, key, isPeople }: EntityInput,
  step: 'copy' | 'references',
  control: CopyControl,
): Promise<EntityReport> {
  const context = await contexts.of(run, step === 'references' ? 'references' : isPeople ? 'people' : 'copying');
  const entity = writtenEntity(context, key);
  const work = step === 'copy' ? copyEntity : fillDeferred;
  const outcome = await work(context, entity, control).catch(async (error) => {
    throw await explainMissing(context, entity, error);
  });
  const progress = await context.journal.of(key).progress();
  return { outcome, stage: progress.state, read: progress.read };
}
