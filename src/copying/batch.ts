import type { MintedIds, Row, Transaction } from '../database/port.ts';
import { packIds, unpackIds } from '../identity/idList.ts';
import { encodeSegment, encodeTextSegment } from '../identity/segment.ts';
import type { EntityPosition, Intent, Tally } from '../journal/batches.ts';
import type { Control } from '../journal/runs.ts';
import type { SegmentCoding } from '../journal/segments.ts';
import type { WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { destinationTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { packFingerprints } from '../writing/fingerprint.ts';
import type { AlignedBatches, SeparatedRows } from './alignedBatches.ts';
import type { EntityCopy } from './entityCopy.ts';
import { conflict, foreignWrites, identityReseeded } from './errors.ts';
import { reconcile, type Settlement } from './reconcile.ts';
import { separateByIndexes } from './reuse.ts';
import { type EarlyStage, stageRows } from './staging.ts';
import { resolvePending, type TranslatedRows, withoutRows } from './translatedRows.ts';
import type { Translator } from './translator.ts';

/** Another worker moved the entity on: start again from what the journal says now. */
export class StalePositionError extends Error {
  constructor(entity: WrittenEntity) {
    super(`${nameOf(entity)}: another worker went on with it`);
    this.name = 'StalePositionError';
  }
}

/** A batch about to be written. */
export interface Batch {
  /** Source rows it covers, also those that are known or set aside; the identifier first. */
  source: Row[];
  translated: TranslatedRows;
  /** Its rows, where they are staged while the batch before is written. */
  early: EarlyStage | null;
  /** Of an aligned entity; null for a copied one. */
  aligned: AlignedBatches | null;
}

/** Source id of the last row that a batch covers. */
export const upToOf = ({ source }: Batch): string => source.at(-1)?.[0] as string;

/** Where the entity stands before a batch. */
export type Position = Pick<EntityPosition, 'ordinal' | 'copiedUpTo'>;

export interface WrittenBatch {
  control: Control;
  /** Segments added to the entity's own map. */
  segments: { coding: SegmentCoding; content: Uint8Array }[];
  ordinal: number;
}

interface Segment {
  coding: SegmentCoding;
  rows: number;
  content: Uint8Array;
}

/**
 * Writes one batch by the protocol of docs/architecture.md, "The batch protocol", under the entity's lock: position
 * (the fence) → stage, unless that was done early → mark → intent in the journal → insert → commit → segment in the
 * journal. Dying between any two steps leaves either nothing, or an intent that `settleIntent` can decide.
 * @param whileInserting is called once the insert is on its way: the destination is busy with it for long, this process
 * idle.
 * @throws StalePositionError, CopyError, DatabaseError
 */
export async function writeBatch(
  copy: EntityCopy,
  batch: Batch,
  expected: Position,
  whileInserting: () => void,
): Promise<WrittenBatch> {
  const name = nameOf(copy.entity);
  const written = await underEntityLock(
    copy,
    async (transaction) => {
      await checkPosition(copy, expected);
      const separated = await separate(copy, batch, transaction);
      const tally = tallyOf(batch, separated);
      if (separated.translated.rows.length === 0) return { tally, inserted: null };
      const place = { ordinal: expected.ordinal, tally, whileInserting };
      return insertBatch(copy, batch, transaction, { ...place, translated: separated.translated });
    },
    batch.early ?? undefined,
  );
  if (written.inserted !== null) failpoint('commit', 'after', name);

  const segments = segmentsOf(copy.entity, written.inserted, written.tally);
  failpoint('segment', 'before', name);
  const control = await copy.journal.closeBatch({
    ordinal: expected.ordinal,
    from: expected.copiedUpTo,
    hadIntent: written.inserted !== null,
    segments,
    tally: written.tally,
    runId: copy.journal.runId,
  });
  failpoint('segment', 'after', name);
  return { control, segments, ordinal: expected.ordinal + segments.length };
}

/** What is left of a batch to be inserted, what of it needs no row of its own, and how many references wait. */
interface Separated extends SeparatedRows {
  deferred: number;
}

async function separate(copy: EntityCopy, batch: Batch, transaction: Transaction): Promise<Separated> {
  const { aligned, translated } = batch;
  const separated =
    aligned === null
      ? { ...(await separateReused(copy, translated, transaction)), repeated: [] }
      : await aligned.separate(transaction, translated);
  return { ...separated, ...resolvePending(separated.translated) };
}

/** Rows that went in, under their ids on both sides. */
interface InsertedRows {
  sourceIds: string[];
  destinationIds: MintedIds | string[];
}

interface Insertion {
  ordinal: number;
  translated: TranslatedRows;
  tally: Tally;
  whileInserting: () => void;
}

/** Stages the rows, writes the intent down and inserts. */
async function insertBatch(
  copy: EntityCopy,
  { early, aligned }: Batch,
  transaction: Transaction,
  { ordinal, translated, tally, whileInserting }: Insertion,
): Promise<{ tally: Tally; inserted: InsertedRows }> {
  const { entity, translator } = copy;
  const name = nameOf(entity);
  const stage =
    early?.stage() ?? (await stageRows(transaction, entity, translator.destinationColumns, translated.rows));
  const identity = entity.identifier === 'minted' ? entity.destination.identifier : null;
  const ids = keptIds(translator, translated.rows);
  const unmarked = newIntent(copy, translated, { ordinal, tally, destinationIds: identity === null ? ids : null });
  const intent =
    identity === null
      ? await writeIntent(copy, unmarked)
      : await writeMarkedIntent(copy, transaction, unmarked, identity);

  await aligned?.makeRoom(transaction, translated);
  failpoint('insert', 'before', name);
  const inserting =
    identity === null ? transaction.insertStaged(stage, null) : transaction.insertStaged(stage, identity);
  whileInserting();
  const minted = await inserting;
  if (minted !== null) {
    const least = lowest(minted);
    if (least !== null && intent.mark !== null && least <= intent.mark) throw identityReseeded(entity);
    await aligned?.repoint(transaction, translated, idsOf(minted));
  }
  failpoint('insert', 'after', name);
  failpoint('commit', 'before', name);
  const destinationIds = minted ?? ids;
  if (destinationIds === null) throw new Error(`${name} has no identifier by which its rows are known`);
  return { tally: intent.tally, inserted: { sourceIds: translated.sourceIds, destinationIds } };
}

/**
 * Decides what became of a batch that an earlier attempt or run left open, and closes it when it went in.
 * Does nothing where there is none.
 * @throws CopyError `foreign-writes`
 */
export async function settleIntent(copy: EntityCopy<WrittenEntity>): Promise<void> {
  const { entity, journal } = copy;
  const before = await journal.position();
  if (before.intent === null) return;
  const settled = await underEntityLock(copy, async (transaction) => {
    const { intent } = await journal.position();
    if (intent === null) return null;
    const settlement = await reconcile(copy, transaction, intent);
    if (settlement.wentIn) return { intent, settlement };
    await journal.discardIntent(intent.ordinal);
    return null;
  });
  if (settled === null) return;
  failpoint('settle', 'before', nameOf(entity));
  await closeSettled(copy, settled.intent, settled.settlement);
  failpoint('settle', 'after', nameOf(entity));
}

async function closeSettled(
  { entity, journal }: EntityCopy<WrittenEntity>,
  intent: Intent,
  { destinationIds }: Settlement & { wentIn: true },
): Promise<void> {
  const segments: Segment[] =
    destinationIds === null
      ? [{ coding: 'rows', rows: intent.rows, content: intent.fingerprints }]
      : segmentsOf(entity, { sourceIds: unpackIds(intent.sourceIds), destinationIds }, intent.tally);
  await journal.closeBatch({
    ordinal: intent.ordinal,
    from: null,
    hadIntent: true,
    segments,
    tally: intent.tally,
    runId: intent.runId,
  });
}

/** The fence. @throws StalePositionError */
export async function checkPosition({ journal, entity }: EntityCopy<WrittenEntity>, expected: Position): Promise<void> {
  const position = await journal.position();
  const moved = position.ordinal !== expected.ordinal || position.copiedUpTo !== expected.copiedUpTo;
  if (moved || position.intent !== null) throw new StalePositionError(entity);
}

/**
 * Notes the intent with the destination's largest id as its mark, and notes it again should an application move the
 * mark meanwhile.
 */
async function writeMarkedIntent(
  copy: EntityCopy,
  transaction: Transaction,
  intent: Intent,
  identity: string,
): Promise<Intent> {
  const table = destinationTable(copy.entity);
  for (let attempt = 0; attempt < 50; attempt++) {
    const mark = await transaction.maximum(table, identity);
    const tally = { ...intent.tally, destinationBefore: mark === null ? null : String(mark) };
    const marked = await writeIntent(copy, { ...intent, mark, tally });
    if ((await transaction.maximum(table, identity)) === mark) return marked;
  }
  throw foreignWrites(copy.entity, `${table.name} was written to 50 times while one batch was prepared`);
}

/** Writes an intent down, in place of an earlier one of this batch. */
export async function writeIntent({ entity, journal }: EntityCopy<WrittenEntity>, intent: Intent): Promise<Intent> {
  failpoint('intent', 'before', nameOf(entity));
  await journal.openIntent(intent);
  failpoint('intent', 'after', nameOf(entity));
  return intent;
}

function newIntent(
  { journal }: EntityCopy,
  { rows, sourceIds, fingerprints }: TranslatedRows,
  { ordinal, tally, destinationIds }: { ordinal: number; tally: Tally; destinationIds: string[] | null },
): Intent {
  return {
    ordinal,
    runId: journal.runId,
    rows: rows.length,
    mark: null,
    sourceIds: packIds(sourceIds),
    destinationIds: destinationIds === null ? null : packIds(destinationIds),
    fingerprints: packFingerprints(fingerprints),
    tally,
  };
}

function tallyOf(batch: Batch, { translated, reused, repeated, deferred }: Separated): Tally {
  const { rows, known, nulled, leftOut, setAside, setAsideAlong } = translated;
  return {
    counts: {
      read: batch.source.length,
      inserted: rows.length,
      known,
      reused: reused.length + repeated.length,
      leftOut,
      nulled,
      deferred,
      setAside: setAside.length + setAsideAlong,
    },
    copiedUpTo: upToOf(batch),
    issues: setAside,
    ...(reused.length > 0 ? { reused } : {}),
    ...(repeated.length > 0 ? { repeated } : {}),
  };
}

/**
 * The batch without the rows whose identifier, or whose values of a unique index, the destination holds already.
 * @returns also [source id, destination id] of each. @throws CopyError `conflict` unless the spec says to reuse them.
 */
async function separateReused(
  { context, entity, translator }: EntityCopy,
  translated: TranslatedRows,
  transaction: Transaction,
): Promise<Pick<SeparatedRows, 'translated' | 'reused'>> {
  if (translated.rows.length === 0) return { translated, reused: [] };
  const byIndexes =
    context.conflicts === 'reuse'
      ? await separateByIndexes(entity, translator.destinationColumns, translated, transaction)
      : { translated, reused: [] };
  const ids = keptIds(translator, byIndexes.translated.rows);
  if (ids === null || ids.length === 0) return byIndexes;
  const present = new Set(await transaction.existingKeys(destinationTable(entity), entity.destination.identifier, ids));
  if (present.size === 0) return byIndexes;
  const { sourceIds } = byIndexes.translated;
  const out = new Set<number>();
  const reused = [...byIndexes.reused];
  for (const [place, id] of ids.entries()) {
    if (!present.has(id)) continue;
    out.add(place);
    reused.push([sourceIds[place]!, id]);
  }
  const [first] = reused;
  if (context.conflicts === 'fail' && first !== undefined) throw conflict(entity, reused.length, first[0]);
  return { translated: withoutRows(byIndexes.translated, out), reused };
}

function keptIds(translator: Translator, rows: Row[]): string[] | null {
  const index = translator.identifier;
  // An identifier is an integer or a text, so its cell is never bytes, and never NULL in the source's primary key.
  return index === null ? null : rows.map((row) => row[index] as string);
}

/** What a batch adds to the map of its entity. */
function segmentsOf(
  entity: WrittenEntity,
  inserted: InsertedRows | null,
  { reused = [], repeated = [] }: Tally,
): Segment[] {
  const segments: Segment[] = [];
  const pairs = [...reused];
  if (inserted !== null) {
    segments.push(segmentOf(entity, inserted.sourceIds, inserted.destinationIds));
    if (repeated.length > 0) {
      const ids = idsOf(inserted.destinationIds);
      const idOf = new Map(inserted.sourceIds.map((id, place) => [id, ids[place]!]));
      for (const [id, first] of repeated) pairs.push([id, idOf.get(first)!]);
    }
  }
  if (pairs.length > 0) segments.push(reusedSegment(entity, pairs));
  return segments;
}

function segmentOf(entity: WrittenEntity, sourceIds: string[], destinationIds: MintedIds | string[]): Segment {
  if (entity.identifierType === 'text') {
    const content = encodeTextSegment(sourceIds, destinationIds as string[]);
    return { coding: 'texts', rows: sourceIds.length, content };
  }
  return { coding: 'pairs', rows: sourceIds.length, content: encodeSegment(sourceIds, destinationIds) };
}

function reusedSegment(entity: WrittenEntity, reused: [string, string][]): Segment {
  const segment = segmentOf(
    entity,
    reused.map(([source]) => source),
    reused.map(([, destination]) => destination),
  );
  return { ...segment, coding: segment.coding === 'texts' ? 'reusedTexts' : 'reusedPairs' };
}

/** Each id, in the order of the rows. */
function idsOf(ids: MintedIds | string[]): string[] {
  if (Array.isArray(ids)) return ids.map(String);
  return Array.from({ length: ids.count }, (_, place) => String(ids.first + BigInt(place)));
}

function lowest(ids: MintedIds): bigint | null {
  return Array.isArray(ids) ? (ids[0] ?? null) : ids.first;
}
