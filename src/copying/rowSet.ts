import { DatabaseError } from '../database/errors.ts';
import type { Row } from '../database/port.ts';
import { packIds } from '../identity/idList.ts';
import type { NewIssue } from '../journal/issues.ts';
import { readSegments } from '../journal/segments.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type CopyControl, type CopyOutcome, destinationTable, sourceTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { fingerprint, packFingerprints, unpackFingerprints } from '../writing/fingerprint.ts';
import { checkPosition, settleIntent, writeIntent } from './batch.ts';
import type { EntityCopy } from './entityCopy.ts';
import { refusedIssue } from './errors.ts';
import { refusedRows, type ToldRow } from './refusedRows.ts';
import { stageRows } from './staging.ts';
import type { Translator } from './translator.ts';

/** An entity whose rows have no identifier. */
type RowSetCopy = EntityCopy<WrittenEntity>;

/**
 * Copies an entity whose rows have no identifier: they cannot be told apart, so all of them go in as one transaction,
 * and the row count before tells on a retry whether they did (trap 21). Rows that an earlier run wrote are recognised
 * by the fingerprint of their source cells, each as many times as it was written. Rows that the destination does not
 * take are found by trying, where the spec says to set them aside.
 * @throws StalePositionError, CopyError, DatabaseError
 */
export async function copyRowSet(copy: RowSetCopy): Promise<CopyOutcome> {
  try {
    return await copyWhole(copy, new Map());
  } catch (error) {
    if (!(error instanceof DatabaseError && error.rowLevel && copy.context.rowErrors === 'setAside')) throw error;
    await settleIntent(copy);
    const refused = await findRefused(copy);
    // Each row goes in by itself, and together they do not.
    if (refused.size === 0) throw error;
    return copyWhole(copy, refused);
  }
}

/** Rows that the destination does not take, by the fingerprint of their source cells, each as often as it is there. */
type Refused = ReadonlyMap<bigint, DatabaseError[]>;

async function findRefused(copy: RowSetCopy): Promise<Refused> {
  const reading = new RowSetReading(copy.translator, await rowsOfEarlierRuns(copy), new Map());
  const refused = new Map<bigint, DatabaseError[]>();
  for await (const rows of reading.fresh(sourcePages(copy), copy.control)) {
    for (const [print, errors] of await refusedRows(copy, rows)) {
      refused.set(print, [...(refused.get(print) ?? []), ...errors]);
    }
    copy.control.onBatch(0);
  }
  return refused;
}

const sourcePages = ({ context, entity, translator }: RowSetCopy) =>
  context.source.readRows({
    table: sourceTable(entity),
    columns: translator.sourceColumns,
    key: null,
    batch: context.batch,
  });

async function copyWhole(copy: RowSetCopy, refused: Refused): Promise<CopyOutcome> {
  const { entity, translator, journal, control } = copy;
  const name = nameOf(entity);
  const position = await journal.position();
  if (position.copiedUpTo !== null) return 'done';
  const reading = new RowSetReading(translator, await rowsOfEarlierRuns(copy), refused);
  const pages = reading.translated(sourcePages(copy), control);
  const tally = await underEntityLock(copy, async (transaction) => {
    await checkPosition(copy, position);
    const stage = await stageRows(transaction, entity, translator.destinationColumns, pages);
    const tally = reading.tally(stage.rows);
    await writeIntent(copy, {
      ordinal: position.ordinal,
      runId: journal.runId,
      rows: stage.rows,
      mark: BigInt(await transaction.count(destinationTable(entity))),
      sourceIds: packIds([]),
      destinationIds: null,
      fingerprints: reading.fingerprints(),
      tally,
    });
    failpoint('insert', 'before', name);
    await transaction.insertStaged(stage, null);
    failpoint('insert', 'after', name);
    failpoint('commit', 'before', name);
    return tally;
  });
  failpoint('commit', 'after', name);
  failpoint('segment', 'before', name);
  await journal.closeBatch({
    ordinal: position.ordinal,
    from: null,
    hadIntent: true,
    segments: [{ coding: 'rows', rows: tally.counts.inserted ?? 0, content: reading.fingerprints() }],
    tally,
    runId: journal.runId,
  });
  failpoint('segment', 'after', name);
  control.onBatch(tally.counts.read ?? 0);
  return 'done';
}

/** How many times each fingerprint was written by earlier runs. */
async function rowsOfEarlierRuns({ journal }: RowSetCopy): Promise<Map<bigint, number>> {
  const times = new Map<bigint, number>();
  for (const segment of await readSegments(journal.run.database, journal.pairId, journal.entity)) {
    if (segment.coding !== 'rows') continue;
    for (const print of unpackFingerprints(segment.content)) times.set(print, (times.get(print) ?? 0) + 1);
  }
  return times;
}

/** One pass over the source rows: leaves out the ones that earlier runs wrote and remembers what it passed on. */
class RowSetReading {
  readonly #translator: Translator;
  readonly #timesWritten: Map<bigint, number>;
  readonly #refused: Map<bigint, DatabaseError[]>;
  readonly #sourceCells: number[];
  #prints: bigint[] = [];
  #issues: NewIssue[] = [];
  #read = 0;
  #writtenBefore = 0;
  #nulled = 0;
  #leftOut = 0;

  constructor(translator: Translator, timesWritten: Map<bigint, number>, refused: Refused) {
    this.#translator = translator;
    this.#timesWritten = timesWritten;
    this.#refused = new Map([...refused].map(([print, errors]) => [print, [...errors]]));
    this.#sourceCells = translator.sourceColumns.map((_, index) => index);
  }

  async *translated(pages: AsyncIterable<Row[]>, control: CopyControl): AsyncGenerator<Row[]> {
    for await (const rows of this.fresh(pages, control)) if (rows.length > 0) yield rows.map(({ cells }) => cells);
  }

  /** Rows that no earlier run wrote, as the destination will hold them, page by page. */
  async *fresh(pages: AsyncIterable<Row[]>, control: CopyControl): AsyncGenerator<ToldRow[]> {
    for await (const page of pages) {
      control.signal.throwIfAborted();
      this.#read += page.length;
      const written: ToldRow[] = [];
      for (const row of page) {
        const print = fingerprint(row, this.#sourceCells);
        if (this.#wasWritten(print)) continue;
        const error = this.#refused.get(print)?.pop();
        if (error !== undefined) {
          this.#issues.push(refusedIssue(error, null));
          continue;
        }
        const { rows, nulled, leftOut, setAside } = this.#translator.translate([row]);
        this.#nulled += nulled;
        this.#leftOut += leftOut;
        this.#issues.push(...setAside);
        // A row that is set aside is kept in the journal only: the next run looks at it again.
        if (setAside.length === 0) this.#prints.push(print);
        written.push(...rows.map((cells) => ({ print, cells })));
      }
      yield written;
    }
  }

  #wasWritten(print: bigint): boolean {
    const times = this.#timesWritten.get(print) ?? 0;
    if (times === 0) return false;
    this.#timesWritten.set(print, times - 1);
    this.#writtenBefore += 1;
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
        known: this.#writtenBefore,
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
