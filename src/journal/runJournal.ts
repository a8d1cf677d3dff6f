import type { Database, Transaction } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import {
  BatchClosedError,
  type ClosedBatch,
  type EntityPosition,
  forgetIntent,
  type Intent,
  insertIntent,
  readPosition,
} from './batches.ts';
import { type ClosedFill, moveFill } from './fills.ts';
import { insertIssues } from './issues.ts';
import { type Lease, renewLease } from './lease.ts';
import { advanceProgress, type EntityProgress, type EntityState, getProgress } from './progress.ts';
import { type Control, controlOf } from './runs.ts';
import { insertSegment, nextOrdinal } from './segments.ts';

/** The journal as one run writes it. */
export class RunJournal {
  readonly database: Database;
  readonly lease: Lease;
  readonly pairId: string;
  readonly runId: string;

  constructor(database: Database, { lease, pairId }: { lease: Lease; pairId: string }) {
    this.database = database;
    this.lease = lease;
    this.pairId = pairId;
    this.runId = lease.runId;
  }

  /**
   * Runs `work` in one transaction of the journal, which first renews the run's lease: a run that lost its destination
   * writes nothing.
   * @throws LeaseLostError, DatabaseError, and whatever `work` throws
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.database.transaction(async (transaction) => {
      await renewLease(transaction, this.lease);
      return work(transaction);
    });
  }

  /** What the operator wants of the run. */
  control(): Promise<Control> {
    return controlOf(this.database, this.runId);
  }

  of(entity: EntityKey): EntityJournal {
    return new EntityJournal(this, entity);
  }
}

/** One entity in the journal of a run: its id map, which belongs to the pair, and the run's progress. */
export class EntityJournal {
  readonly run: RunJournal;
  readonly pairId: string;
  readonly runId: string;
  readonly entity: EntityKey;

  constructor(run: RunJournal, entity: EntityKey) {
    this.run = run;
    this.pairId = run.pairId;
    this.runId = run.runId;
    this.entity = entity;
  }

  /** What the next batch may be; to be read under the destination's lock. */
  position(): Promise<EntityPosition> {
    return readPosition(this.run.database, this);
  }

  progress(): Promise<EntityProgress> {
    return getProgress(this.run.database, this.runId, this.entity);
  }

  /** @throws LeaseLostError */
  async setState(state: EntityState): Promise<void> {
    await this.run.transaction((transaction) => advanceProgress(transaction, this.runId, this.entity, { state }));
  }

  /** Writes an intent down, in place of an earlier one that is known not to have gone in. @throws LeaseLostError */
  async openIntent(intent: Intent): Promise<void> {
    await this.run.transaction(async (transaction) => {
      await forgetIntent(transaction, this);
      await insertIntent(transaction, this, intent);
    });
  }

  /** Forgets an intent that is known, under the entity's lock, not to have gone in. @throws LeaseLostError */
  async discardIntent(ordinal: number): Promise<void> {
    await this.run.transaction((transaction) => forgetIntent(transaction, this, ordinal));
  }

  /**
   * Closes a batch: its segments, counts and issues, and the intent gone, all in one transaction.
   * @returns what the operator wants next.
   * @throws BatchClosedError, LeaseLostError
   */
  async closeBatch(batch: ClosedBatch): Promise<Control> {
    const { runId, tally } = batch;
    return this.run.transaction(async (transaction) => {
      let ordinal = await this.#claimOrdinal(transaction, batch);
      for (const segment of batch.segments) {
        await insertSegment(transaction, this.pairId, this.entity, { ordinal, runId, ...segment });
        ordinal += 1;
      }
      const { issues = [], counts, copiedUpTo, destinationBefore = null } = tally;
      await advanceProgress(transaction, runId, this.entity, { counts, copiedUpTo, destinationBefore });
      await insertIssues(transaction, runId, this.entity, issues);
      return controlOf(transaction, this.runId);
    });
  }

  /**
   * Moves the second pass on by one batch.
   * @returns what the operator wants next.
   * @throws BatchClosedError when another worker closed it; LeaseLostError
   */
  async closeFill(batch: ClosedFill): Promise<Control> {
    return this.run.transaction((transaction) => moveFill(transaction, this, batch));
  }

  /**
   * Takes the intent away, or sees that nobody wrote the batch that has none. @returns where its first segment goes.
   */
  async #claimOrdinal(transaction: Transaction, { ordinal, from, hadIntent, runId }: ClosedBatch): Promise<number> {
    if (hadIntent) {
      if (!(await forgetIntent(transaction, this, ordinal))) throw new BatchClosedError(this.entity, ordinal);
      // A map may have been matched anew since the intent was written.
      return nextOrdinal(transaction, this.pairId, this.entity);
    }
    const position = await readPosition(transaction, { pairId: this.pairId, entity: this.entity, runId });
    if (position.ordinal !== ordinal || position.copiedUpTo !== from) throw new BatchClosedError(this.entity, ordinal);
    return ordinal;
  }
}
