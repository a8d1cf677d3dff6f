import { DatabaseError } from '../database/errors.ts';
import type { Row } from '../database/port.ts';
import { ReadAhead } from '../database/readAhead.ts';
import type { GrowingIdMap } from '../identity/mapStore.ts';
import { reclaimIntents } from '../journal/batches.ts';
import type { Control } from '../journal/runs.ts';
import type { Exclusions } from '../processes/exclusions.ts';
import { BatchSize } from '../writing/batchSize.ts';
import { type CopyOutcome, sourceTable } from '../writing/context.ts';
import { inSlices } from '../writing/slices.ts';
import type { AlignedBatches } from './alignedBatches.ts';
import { type Batch, type Position, settleIntent, upToOf, writeBatch } from './batch.ts';
import type { EntityCopy } from './entityCopy.ts';
import { refusedIssue } from './errors.ts';
import { MissingTargets } from './missingTargets.ts';
import { stageEarly } from './staging.ts';

/** Batches after which the journal's space is reclaimed: some 3 MB of intents. */
const reclaimEvery = 32;

/** Which rows of an entity are copied, and how. */
export interface CopiedRows {
  own: GrowingIdMap;
  /** Source ids; null for all up to the bound. */
  keys: string[] | null;
  aligned: AlignedBatches | null;
  exclusions: Exclusions;
}

/** Copies the rows of an entity that have an identifier, one batch after another. */
export class BatchCopy {
  readonly #copy: EntityCopy;
  readonly #rows: CopiedRows;
  readonly #missing: MissingTargets;
  readonly #size: BatchSize;
  #position: Position;
  #batches = 0;
  #whileInserting = () => {};

  private constructor(copy: EntityCopy, rows: CopiedRows, missing: MissingTargets, position: Position) {
    this.#copy = copy;
    this.#rows = rows;
    this.#missing = missing;
    this.#position = position;
    this.#size = new BatchSize(copy.context.batch);
  }

  /** @throws DatabaseError */
  static async begin(copy: EntityCopy, rows: CopiedRows): Promise<BatchCopy> {
    const missing = await MissingTargets.of(copy.context, copy.entity, rows.exclusions);
    return new BatchCopy(copy, rows, missing, await copy.journal.position());
  }

  /** @throws StalePositionError, CopyError, DatabaseError, LeaseLostError; AbortSignal's reason when cancelled. */
  async run(): Promise<CopyOutcome> {
    const { context, control } = this.#copy;
    if ((await context.journal.control()) === 'pause') return 'paused';
    const ahead = new ReadAhead(this.#prepared(), giveUp);
    this.#whileInserting = () => ahead.begin();
    const outcome = await inSlices(ahead, control, async (batch) => {
      try {
        return await this.#write(batch);
      } finally {
        await giveUp(batch);
      }
    });
    if (outcome === 'done' && this.#batches > 1) await reclaimIntents(context.journal.database);
    return outcome;
  }

  /**
   * The batches to come. Where nothing of a batch depends on the one before it, its rows are on their way into the
   * destination's temporary table already.
   */
  async *#prepared(): AsyncGenerator<Batch> {
    const { context, entity, translator } = this.#copy;
    const { keys } = this.#rows;
    const pages = context.source.readRows({
      table: sourceTable(entity),
      columns: translator.sourceColumns,
      key: entity.source.identifier,
      after: this.#position.copiedUpTo,
      upTo: entity.bound,
      ...(keys === null ? {} : { keys }),
      batch: this.#size,
    });
    const mayBeThere = context.conflicts === 'reuse' && entity.unique !== undefined;
    for await (const page of pages) {
      const batch = await this.#prepare(page);
      const { rows, pending } = batch.translated;
      const isFree =
        entity.identifier === 'minted' && batch.aligned === null && pending.length === 0 && rows.length > 0;
      yield isFree && !mayBeThere ? { ...batch, early: stageEarly(this.#copy, rows) } : batch;
    }
  }

  async #prepare(source: Row[]): Promise<Batch> {
    const translated = await this.#missing.leaveOut(this.#copy.translator.translate(source));
    return { source, translated, early: null, aligned: this.#rows.aligned };
  }

  /** Writes a batch; by halves where the destination refuses a row of it, down to that row, which is set aside. */
  async #write(batch: Batch): Promise<Control> {
    const { context, control } = this.#copy;
    control.signal.throwIfAborted();
    try {
      return await this.#writeWhole(batch);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.rowLevel && context.rowErrors === 'setAside')) throw error;
      await settleIntent(this.#copy);
      if (batch.source.length === 1) return this.#setAside(batch, error);
      for (const half of halves(batch.source)) {
        if ((await this.#write(await this.#prepare(half))) === 'pause') return 'pause';
      }
      return 'run';
    }
  }

  async #writeWhole(batch: Batch): Promise<Control> {
    const begun = performance.now();
    const written = await writeBatch(this.#copy, batch, this.#position, this.#whileInserting);
    this.#size.written(batch.source.length, performance.now() - begun);
    for (const { content } of written.segments) this.#rows.own.add(content);
    this.#position = { ordinal: written.ordinal, copiedUpTo: upToOf(batch) };
    this.#copy.control.onBatch(batch.source.length);
    this.#batches += 1;
    if (this.#batches % reclaimEvery === 0) await reclaimIntents(this.#copy.context.journal.database);
    return written.control;
  }

  /** Records the one row that the destination does not take, and goes past it. */
  async #setAside(batch: Batch, error: DatabaseError): Promise<Control> {
    const sourceId = upToOf(batch);
    const { journal } = this.#copy;
    const control = await journal.closeBatch({
      ordinal: this.#position.ordinal,
      from: this.#position.copiedUpTo,
      hadIntent: false,
      segments: [],
      tally: { counts: { read: 1, setAside: 1 }, copiedUpTo: sourceId, issues: [refusedIssue(error, sourceId)] },
      runId: journal.runId,
    });
    this.#missing.note(sourceId);
    this.#position = { ...this.#position, copiedUpTo: sourceId };
    return control;
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
