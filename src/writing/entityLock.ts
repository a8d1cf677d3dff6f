import type { Database, TableName, Transaction } from '../database/port.ts';
import { nameOf } from '../plan/plan.ts';
import { destinationTable, type EntityWork, type LockControl } from './context.ts';
import { failpoint } from './failpoints.ts';

/**
 * Runs `work` in a destination transaction that holds the entity's lock, waiting for it as long as it takes: whoever
 * holds it is a worker thought dead (a "zombie") that may still commit. What the journal says of the entity must be
 * read inside `work`, under the lock.
 * @param opened the transaction of a batch that was staged early; a new one by default.
 */
export async function underEntityLock<T>(
  { context, entity, control }: EntityWork,
  work: (transaction: Transaction) => Promise<T>,
  opened: Pick<Database, 'transaction'> = context.destination,
): Promise<T> {
  failpoint('lock', 'before', nameOf(entity));
  return opened.transaction(async (transaction) => {
    await takeLock(transaction, destinationTable(entity), nameOf(entity), control);
    failpoint('lock', 'after', nameOf(entity));
    return work(transaction);
  });
}

/** Waits for the lock on a table of the destination that is written. @param name for people. */
export async function takeLock(
  transaction: Transaction,
  { schema, name: table }: TableName,
  name: string,
  control: LockControl,
): Promise<void> {
  while (!(await transaction.tryLock(`caravel ${schema}.${table}`, 2_000))) {
    control.onWaiting(`${name}: another worker holds this entity; waiting until it commits or its connection ends`);
    control.signal.throwIfAborted();
  }
}
