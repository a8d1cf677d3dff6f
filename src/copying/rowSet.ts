import { DatabaseError } from '../database/errors.ts';
import type { Row } from '../database/port.ts';
import { packIds } from '../identity/idList.ts';
import { closeBatch, type Intent, openIntent, readPosition } from '../journal/batches.ts';
import type { NewIssue } from '../journal/issues.ts';
import { readSegments } from '../journal/segments.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type CopyContext, type CopyControl, type CopyOutcome, destinationTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { fingerprint, packFingerprints, unpackFingerprints } from '../writing/fingerprint.ts';
import { StalePositionError, settleIntent } from './batch.ts';
import { refusedIssue } from './errors.ts';
import { refusedRows, type ToldRow } from './refusedRows.ts';
import { stageRows } from './staging.ts';
import type { Translator } from './translator.ts';

/**
 * Copies an entity whose rows have no identifier: they cannot be told apart, so all of them go in as one transaction, and
 * the row count before tells on a retry whether they did (trap 21). Rows that an earlier run wrote are recognised by
 * the fingerprint of their source cells, each as many times as it was written. Rows that the destination does not take are found by trying,
 * where the spec says to set them aside.
 * @throws StalePositionError, CopyError, DatabaseError
 */
export async function copyRowSet(
  context: CopyContext,
  entity: WrittenEntity,
  translator: Translator,
  control: CopyControl,
): Promise<CopyOutcome> {
  try {
    return await copyWhole(context, entity, translator, new Map(), control);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.rowLevel && context.rowErrors === 'setAside')) throw error;
    await settleIntent(context, entity, translator, control);
    const refused = await findRefused(context, entity, translator, control);
    // Each row goes in by itself, and together they do not.
    if (refused.size === 0) throw error;
    return copyWhole(context, entity, translator, refused, control);
  }
}

/** Rows that the destination does not take, by the fingerprint of their source cells, each as often as it is there. */
type Refused = ReadonlyMap<bigint, DatabaseError[]>;

async function findRefused(
  context: CopyContext,
  entity: WrittenEntity,
  translator: Translator,
  control: CopyControl,
): Promise<Refused> {
  const reading = new RowSetReading(translator, await knownRows(context, entity), new Map());
  const refused = new Map<bigint, DatabaseError[]>();
  for await (const rows of reading.fresh(sourcePages(context, entity, translator), control)) {
    for (const [print, errors] of await refusedRows(context.destination, entity, translator.destinationColumns, rows)) {
      refused.set(print, [...(refused.get(print) ?? []), ...errors]);
    }
    control.onBatch(0);
  }
  return refused;
}

const sourcePages = (context: CopyContext, entity: WrittenEntity, translator: Translator) =>
  context.source.readRows({
    table: { schema: entity.source.schema, name: entity.source.table },
    columns: translator.sourceColumns,
    key: null,
    batch: context.batch,
  });

async function copyWhole(
  context: CopyContext,
  entity: WrittenEntity,
  translator: Translator,
  refused: Refused,
  control: CopyControl,
): Promise<CopyOutcome> {
  const name = nameOf(entity);
  const position = await readPosition(context.journal, context.pairId, context.runId, entity.key);
  if (position.copiedUpTo !== null) return 'done';
  const reading = new RowSetReading(translator, await knownRows(context, entity), refused);
  const pages = sourcePages(context, entity, translator);
  const table = destinationTable(entity);
  const tally = await underEntityLock(context, entity, control, async (transaction) => {
    const now = await readPosition(context.journal, context.pairId, context.runId, entity.key);
    if (now.ordinal !== position.ordinal || now.intent !== null || now.copiedUpTo !== null) {
      throw new StalePositionError(entity);
    }
    const stage = await stageRows(
      transaction,
      entity,
      translator.destinationColumns,
      reading.translated(pages, control),
    );
    const tally = reading.tally(stage.rows);
    const intent: Intent = {
      ordinal: position.ordinal,
      runId: context.runId,
      rows: stage.rows,
      mark: BigInt(await transaction.count(table)),
      sourceIds: packIds([]),
      destinationIds: null,
      fingerprints: reading.fingerprints(),
      tally,
    };
    failpoint('intent', 'before', name);
    await openIntent(context.journal, context.lease, context.pairId, entity.key, intent);
    failpoint('intent', 'after', name);
    failpoint('insert', 'before', name);
    await transaction.insertStaged(stage, null);
    failpoint('insert', 'after', name);
    failpoint('commit', 'before', name);
    return tally;
  });
  failpoint('commit', 'after', name);
  failpoint('segment', 'before', name);
  await closeBatch(context.journal, context.lease, context.pairId, entity.key, {
    ordinal: position.ordinal,
    from: null,
    hadIntent: true,
    segments: [{ coding: 'rows', rows: tally.counts.inserted ?? 0, content: reading.fingerprints() }],
    tally,
    runId: context.runId,
  });
  failpoint('segment', 'after', name);
  control.onBatch(tally.counts.read ?? 0);
  return 'done';
}

/** How many times each fingerprint was written by earlier runs. */
async function knownRows(context: CopyContext, entity: WrittenEntity): Promise<Map<bigint, number>> {
  const known = new Map<bigint, number>();
  for (const segment of await readSegments(context.journal, context.pairId, entity.key)) {
    if (segment.coding !== 'rows') continue;
    for (const print of unpackFingerprints(segment.content)) known.set(print, (known.get(print) ?? 0) + 1);
  }
  return known;
}

/** One pass over the source rows: leaves out the known ones and remembers what it passed on. */
class RowSetReading {
  readonly #translator: Translator;
  readonly #known: Map<bigint, number>;
  readonly #refused: Map<bigint, DatabaseError[]>;
  readonly #sourceCells: number[];
  #prints: bigint[] = [];
  #issues: NewIssue[] = [];
  #read = 0;
  #knownRows = 0;
  #nulled = 0;
  #leftOut = 0;

  constructor(translator: Translator, known: Map<bigint, number>, refused: Refused) {
    this.#translator = translator;
    this.#known = known;
    this.#refused = new Map([...refused].map(([print, errors]) => [print, [...errors]]));
    this.#sourceCells = translator.sourceColumns.map((_, index) => index);
  }

  async *translated(pages: AsyncIterable<Row[]>, control: CopyControl): AsyncGenerator<Row[]> {
    for await (const rows of this.fresh(pages, control)) if (rows.length > 0) yield rows.map(({ cells }) => cells);
  }

  /** Rows that are not known, as the destination will hold them, page by page. */
  async *fresh(pages: AsyncIterable<Row[]>, control: CopyControl): AsyncGenerator<ToldRow[]> {
    for await (const page of pages) {
      control.signal.throwIfAborted();
      this.#read += page.length;
      const written: ToldRow[] = [];
      for (const row of page) {
        const print = fingerprint(row, this.#sourceCells);
        if (this.#isKnown(print)) continue;
        const error = this.#refused.get(print)?.pop();
        if (error !== undefined) {
          this.#issues.push(refusedIssue(error, null));
          continue;
        }
        const { rows, nulled, leftOut, setAside } = this.#translator.translate([row]);
        this.#nulled += nulled;
        this.#leftOut += leftOut;
        this.#issues.push(...setAside);
        // What is set aside is nobody's business but the journal's: the next run looks at it again.
        if (setAside.length === 0) this.#prints.push(print);
        written.push(...rows.map((cells) => ({ print, cells })));
      }
      yield written;
    }
  }

  #isKnown(print: bigint): boolean {
    const times = this.#known.get(print) ?? 0;
    if (times === 0) return false;
    this.#known.set(print, times - 1);
    this.#knownRows += 1;
    return true;
  }

  fingerprints(): Uint8Array {
    return packFingerprints(BigUint64Array.from(this.#prints));
  }

  tally(inserted: number) {
    return {
      counts: {
        read: this.#read,
        inserted,
        known: this.#knownRows,
        leftOut: this.#leftOut,
        nulled: this.#nulled,
        setAside: this.#issues.length,
      },
      // Not a row's id: rows of this entity have none. Says that the set is complete.
      copiedUpTo: 'all',
      issues: this.#issues,
    };
  }
}
