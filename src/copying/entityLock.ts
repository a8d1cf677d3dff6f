import type { Transaction } from '../database/port.ts';
import type { PlannedEntity } from '../planning/plan.ts';
import { type CopyContext, type CopyControl, nameOf } from './context.ts';
import { failpoint } from './failpoints.ts';
import type { EarlyStage } from './staging.ts';

/**
 * Runs `work` in a destination transaction that holds the entity's lock, waiting for it as long as it takes: whoever
 * holds it is a worker thought dead (a "zombie") that may still commit. What the journal says of the entity must be
 * read inside `work`, under the lock.
 * @param opened the transaction of a batch that was staged early; a new one by default.
 */
export async function underEntityLock<T>(
  context: CopyContext,
  entity: PlannedEntity,
  control: CopyControl,
  work: (transaction: Transaction) => Promise<T>,
  opened: Pick<EarlyStage, 'transaction'> = context.destination,
): Promise<T> {
  const { schema, table } = entity.destination!;
  failpoint('lock', 'before', nameOf(entity));
  return opened.transaction(async (transaction) => {
    while (!(await transaction.lock(`caravel ${schema}.${table}`, 2_000))) {
      control.onWaiting(
        `${nameOf(entity)}: another worker holds this entity; waiting until it commits or its connection ends`,
      );
      control.signal.throwIfAborted();
    }
    failpoint('lock', 'after', nameOf(entity));
    return work(transaction);
  });
}
