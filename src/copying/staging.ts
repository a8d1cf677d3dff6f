import { setTimeout as pause } from 'node:timers/promises';
import type { Row, Stage, Transaction } from '../database/port.ts';
import { sql } from '../database/sql.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { failpoint } from '../writing/failpoints.ts';
import type { EntityCopy } from './entityCopy.ts';

/** Servers end transactions that are idle for long; one that waits for its turn says something this often (ms). */
const signOfLife = 15_000;

/**
 * Rows that are being put into a temporary table of a destination transaction while the batch before them is still
 * being written. The transaction holds no lock and has changed nothing yet: nobody can see it.
 */
export interface EarlyStage {
  /**
   * Goes on in that transaction, with the rows staged, and commits.
   * @throws DatabaseError also of the staging; whatever `work` throws.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** Of the rows; to be asked for inside `transaction`. */
  stage(): Stage;
  /** Gives the rows up. Does nothing once `transaction` was called. */
  discard(): Promise<void>;
}

class Discarded extends Error {}

type Work = (transaction: Transaction) => Promise<unknown>;

/** Puts rows into a temporary table like the entity's. @throws DatabaseError */
export async function stageRows(
  transaction: Transaction,
  entity: WrittenEntity,
  columns: string[],
  rows: Row[] | AsyncIterable<Row[]>,
): Promise<Stage> {
  failpoint('stage', 'before', nameOf(entity));
  const stage = await transaction.stage(destinationTable(entity), columns, rows);
  failpoint('stage', 'after', nameOf(entity));
  return stage;
}

/** One of the rows that were staged, by the number that the destination gives it. */
export function stagedRow<Staged>(staged: readonly Staged[], number: number): Staged {
  const row = staged[number];
  if (row === undefined) throw new RangeError(`the destination names staged row ${number} of ${staged.length}`);
  return row;
}

/** Begins to stage rows. A failure is thrown where they are to be written. */
export function stageEarly({ context, entity, translator }: EntityCopy, rows: Row[]): EarlyStage {
  let take: (work: Work | null) => void = () => {};
  const turn = new Promise<Work | null>((resolve) => {
    take = resolve;
  });
  let stage: Stage | undefined;
  const ended = context.destination.transaction(async (transaction) => {
    stage = await stageRows(transaction, entity, translator.destinationColumns, rows);
    const work = await untilTurn(transaction, turn);
    if (work === null) throw new Discarded();
    return work(transaction);
  });
  ended.catch(() => undefined);
  return {
    transaction<T>(work: (transaction: Transaction) => Promise<T>) {
      take(work);
      return ended as Promise<T>;
    },
    stage() {
      if (stage === undefined) throw new Error(`${nameOf(entity)}: the rows of the batch are not staged yet`);
      return stage;
    },
    async discard() {
      take(null);
      await ended.catch(() => undefined);
    },
  };
}

async function untilTurn(transaction: Transaction, turn: Promise<Work | null>): Promise<Work | null> {
  for (;;) {
    const waiting = new AbortController();
    const silence = pause(signOfLife, 'silence' as const, { signal: waiting.signal }).catch(() => 'silence' as const);
    const next = await Promise.race([turn, silence]);
    waiting.abort();
    if (next !== 'silence') return next;
    await transaction.query(sql`select 1 as alive`, {});
  }
}
