import type { MintedIds, Row, Transaction } from '../database/port.ts';
import { packIds, unpackIds } from '../identity/idList.ts';
import { encodeSegment, encodeTextSegment } from '../identity/segment.ts';
import {
  closeBatch,
  discardIntent,
  type EntityPosition,
  type Intent,
  openIntent,
  readPosition,
  type Tally,
} from '../journal/batches.ts';
import type { Control } from '../journal/runs.ts';
import type { SegmentCoding } from '../journal/segments.ts';
import type { KeyedEntity, WrittenEntity } from '../plan/plan.ts';
import { nameOf } from '../plan/plan.ts';
import { type CopyContext, type CopyControl, destinationTable } from '../writing/context.ts';
import { underEntityLock } from '../writing/entityLock.ts';
import { failpoint } from '../writing/failpoints.ts';
import { packFingerprints } from '../writing/fingerprint.ts';
import type { AlignedBatches, AlreadyThere } from './alignedBatches.ts';
import { conflict, foreignWrites, identityReseeded } from './errors.ts';
import { reconcile, type Settlement } from './reconcile.ts';
import { separateByIndexes } from './reuse.ts';
import { type EarlyStage, stageRows } from './staging.ts';
import { keepRows, resolvePending, type TranslatedRows, type Translator } from './translator.ts';

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
export const upToOf = ({ source }: Batch): string => source.at(-1)![0] as string;

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
 * Writes one batch by the protocol of docs/architecture.md, under the entity's lock: position (the fence) → stage, unless that was
 * done early → mark → intent in the journal → insert → commit → segment in the journal. Dying between any two steps leaves either nothing, or an intent
 * that `settleIntent` can decide.
 * @param whileInserting is called once the insert is on its way: the destination is busy with it for long, this process idle.
 * @throws StalePositionError, CopyError, DatabaseError
 */
export async function writeBatch(
  context: CopyContext,
  entity: KeyedEntity,
  translator: Translator,
  batch: Batch,
  expected: Pick<EntityPosition, 'ordinal' | 'copiedUpTo'>,
  control: CopyControl,
  whileInserting: () => void,
): Promise<WrittenBatch> {
  const name = nameOf(entity);
  const write = async (transaction: Transaction) => {
    await checkPosition(context, entity, expected);
    const { aligned, translated } = batch;
    const there =
      aligned === null
        ? { reused: await separateReused(context, entity, translator, translated, transaction), repeated: [] }
        : await aligned.separate(transaction, translated);
    const deferred = resolvePending(translated);
    const tally = tallyOf(batch, deferred, there);
    if (translated.rows.length === 0) return { tally, inserted: null };

    const stage =
      batch.early?.stage() ?? (await stageRows(transaction, entity, translator.destinationColumns, translated.rows));

    const intent = newIntent(context, entity, translator, translated, expected.ordinal, tally);
    const identity = entity.identifier === 'minted' ? entity.destination.identifier : null;
    if (identity !== null) await writeMarkedIntent(context, entity, transaction, intent, identity);
    else await writeIntent(context, entity, intent);

    await aligned?.makeRoom(transaction, translated);
    failpoint('insert', 'before', name);
    const inserting =
      identity === null ? transaction.insertStaged(stage, null) : transaction.insertStaged(stage, identity);
    whileInserting();
    const minted = await inserting;
    if (minted !== null && lowest(minted) <= (intent.mark ?? lowest(minted) - 1n)) throw identityReseeded(entity);
    if (minted !== null) await aligned?.repoint(transaction, translated, idsOf(minted));
    failpoint('insert', 'after', name);
    failpoint('commit', 'before', name);
    return { tally, inserted: { minted, destinationIds: keptIds(translator, translated.rows) } };
  };
  const written = await underEntityLock(context, entity, control, write, batch.early ?? undefined);
  if (written.inserted !== null) failpoint('commit', 'after', name);

  const inserted = written.inserted && {
    sourceIds: batch.translated.sourceIds,
    destinationIds: written.inserted.minted ?? written.inserted.destinationIds!,
  };
  const segments = segmentsOf(entity, inserted, written.tally);
  failpoint('segment', 'before', name);
  const next = await closeBatch(context.journal, context.lease, context.pairId, entity.key, {
    ordinal: expected.ordinal,
    from: expected.copiedUpTo,
    hadIntent: written.inserted !== null,
    segments,
    tally: written.tally,
    runId: context.runId,
  });
  failpoint('segment', 'after', name);
  return { control: next, segments, ordinal: expected.ordinal + segments.length };
}

/**
 * Decides what became of a batch that an earlier attempt or run left open, and closes it when it went in.
 * Does nothing where there is none.
 * @throws CopyError `foreign-writes`
 */
export async function settleIntent(
  context: CopyContext,
  entity: WrittenEntity,
  translator: Translator,
  control: CopyControl,
): Promise<void> {
  const before = await readPosition(context.journal, context.pairId, context.runId, entity.key);
  if (before.intent === null) return;
  const settled = await underEntityLock(context, entity, control, async (transaction) => {
    const { intent } = await readPosition(context.journal, context.pairId, context.runId, entity.key);
    if (intent === null) return null;
    const names = translator.fingerprinted.map((index) => translator.destinationColumns[index]!);
    const settlement = await reconcile(context, entity, names, transaction, intent);
    if (settlement.wentIn) return { intent, settlement };
    await discardIntent(context.journal, context.lease, context.pairId, entity.key, intent.ordinal);
    return null;
  });
  if (settled === null) return;
  failpoint('settle', 'before', nameOf(entity));
  await closeSettled(context, entity, settled.intent, settled.settlement);
  failpoint('settle', 'after', nameOf(entity));
}

async function closeSettled(
  context: CopyContext,
  entity: WrittenEntity,
  intent: Intent,
  settlement: Settlement & { wentIn: true },
): Promise<void> {
  const { destinationIds } = settlement;
  const segments: Segment[] =
    destinationIds === null
      ? [{ coding: 'rows', rows: intent.rows, content: intent.fingerprints }]
      : segmentsOf(entity, { sourceIds: unpackIds(intent.sourceIds), destinationIds }, intent.tally);
  await closeBatch(context.journal, context.lease, context.pairId, entity.key, {
    ordinal: intent.ordinal,
    from: null,
    hadIntent: true,
    segments,
    tally: intent.tally,
    runId: intent.runId,
  });
}

async function checkPosition(
  context: CopyContext,
  entity: WrittenEntity,
  expected: Pick<EntityPosition, 'ordinal' | 'copiedUpTo'>,
): Promise<void> {
  const position = await readPosition(context.journal, context.pairId, context.runId, entity.key);
  const moved = position.ordinal !== expected.ordinal || position.copiedUpTo !== expected.copiedUpTo;
  if (moved || position.intent !== null) throw new StalePositionError(entity);
}

/** Notes the intent with the destination's largest id as its mark, and again should an application move it meanwhile. */
async function writeMarkedIntent(
  context: CopyContext,
  entity: KeyedEntity,
  transaction: Transaction,
  intent: Intent,
  identity: string,
): Promise<void> {
  const table = destinationTable(entity);
  for (let attempt = 0; attempt < 50; attempt++) {
    intent.mark = await transaction.maximum(table, identity);
    intent.tally.destinationBefore = intent.mark === null ? null : String(intent.mark);
    await writeIntent(context, entity, intent);
    if ((await transaction.maximum(table, identity)) === intent.mark) return;
  }
  throw foreignWrites(entity, `${table.name} was written to 50 times while one batch was prepared`);
}

async function writeIntent(context: CopyContext, entity: WrittenEntity, intent: Intent): Promise<void> {
  failpoint('intent', 'before', nameOf(entity));
  await openIntent(context.journal, context.lease, context.pairId, entity.key, intent);
  failpoint('intent', 'after', nameOf(entity));
}

function newIntent(
  context: CopyContext,
  entity: KeyedEntity,
  translator: Translator,
  { rows, sourceIds, fingerprints }: TranslatedRows,
  ordinal: number,
  tally: Tally,
): Intent {
  const destinationIds = entity.identifier === 'minted' ? null : keptIds(translator, rows);
  return {
    ordinal,
    runId: context.runId,
    rows: rows.length,
    mark: null,
    sourceIds: packIds(sourceIds),
    destinationIds: destinationIds === null ? null : packIds(destinationIds),
    fingerprints: packFingerprints(fingerprints),
    tally,
  };
}

function tallyOf(batch: Batch, deferred: number, { reused, repeated }: AlreadyThere): Tally {
  const { rows, known, nulled, leftOut, setAside, setAsideAlong } = batch.translated;
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
 * Takes the rows whose identifier, or whose values of a unique index, the destination holds already out of the batch.
 * @returns [source id, destination id] of each. @throws CopyError `conflict` unless the spec says to reuse them.
 */
async function separateReused(
  context: CopyContext,
  entity: KeyedEntity,
  translator: Translator,
  translated: TranslatedRows,
  transaction: Transaction,
): Promise<[string, string][]> {
  if (translated.rows.length === 0) return [];
  const byIndexes =
    context.conflicts === 'reuse'
      ? await separateByIndexes(entity, translator.destinationColumns, translated, transaction)
      : [];
  if (translator.identifier === null || translated.rows.length === 0) return byIndexes;
  const ids = keptIds(translator, translated.rows)!;
  const { schema, table, identifier } = entity.destination;
  const taken = new Set(await transaction.existingKeys({ schema, name: table }, identifier, ids));
  if (taken.size === 0) return byIndexes;
  const reused = byIndexes;
  const kept: number[] = [];
  for (const [index, id] of ids.entries()) {
    if (taken.has(id)) reused.push([translated.sourceIds[index]!, id]);
    else kept.push(index);
  }
  if (context.conflicts === 'fail') throw conflict(entity, reused.length, reused[0]![0]);
  keepRows(translated, kept);
  return reused;
}

function keptIds(translator: Translator, rows: Row[]): string[] | null {
  const index = translator.identifier;
  // An identifier is an integer or a text, so its cell is never bytes, and never NULL in the source's primary key.
  return index === null ? null : rows.map((row) => row[index] as string);
}

/** What a batch adds to the map of its entity. */
function segmentsOf(
  entity: WrittenEntity,
  inserted: { sourceIds: string[]; destinationIds: MintedIds | string[] } | null,
  { reused = [], repeated = [] }: Tally,
): Segment[] {
  const segments: Segment[] = [];
  const pairs = [...reused];
  if (inserted !== null) {
    segments.push(segmentOf(entity, inserted.sourceIds, inserted.destinationIds));
    if (repeated.length > 0) {
      const ids = idsOf(inserted.destinationIds);
      const places = new Map(inserted.sourceIds.map((id, place) => [id, place]));
      pairs.push(...repeated.map(([id, first]): [string, string] => [id, ids[places.get(first)!]!]));
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

function lowest(ids: MintedIds): bigint {
  return Array.isArray(ids) ? ids[0]! : ids.first;
}
