import type { Database, Queries } from '../database/port.ts';
import type { EntityInRun } from '../journal/batches.ts';
import {
  insertSegment,
  nextOrdinal,
  readSegments,
  removeSegment,
  replaceSegments,
  type Segment,
  type SegmentCoding,
} from '../journal/segments.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { IdMap } from './idMap.ts';
import { NumericIdMap } from './numericIdMap.ts';
import { decodeTextSegment, encodeSegment, encodeTextSegment } from './segment.ts';
import { TextIdMap } from './textIdMap.ts';

/** An id map that grows by segments. */
export type GrowingIdMap = IdMap & { add(content: Uint8Array): void; entries(): Iterable<[string, string]> };

const isText = (coding: SegmentCoding) => coding === 'texts' || coding === 'reusedTexts';

/**
 * Loads an entity's map from the journal. An entity that has none gets an empty map.
 * @param only which segments count; all of them when left out.
 */
export async function loadIdMap(
  journal: Queries,
  { pairId, entity }: { pairId: string; entity: EntityKey },
  type: 'integer' | 'text',
  only: (segment: Segment) => boolean = () => true,
): Promise<GrowingIdMap> {
  const segments = (await readSegments(journal, pairId, entity)).filter(
    (segment) => segment.coding !== 'rows' && only(segment),
  );
  const [first] = segments;
  const text = first === undefined ? type === 'text' : isText(first.coding);
  const map: GrowingIdMap = text ? new TextIdMap() : new NumericIdMap();
  for (const segment of segments) map.add(segment.content);
  return map;
}

/** The whole id map of a matched entity, as alignment found it. */
export interface MatchedMap {
  entity: EntityKey;
  type: 'integer' | 'text';
  /** Source id, destination id; each source id once. */
  pairs: [string, string][];
  /** Of some rows only: what earlier runs mapped of others stays. */
  partial?: true;
}

/** Keeps the maps of matched entities; those of an earlier run are replaced, the newest matching wins. */
export async function saveMatchedMaps(
  journal: Database,
  pairId: string,
  runId: string,
  maps: MatchedMap[],
): Promise<void> {
  await journal.transaction(async (transaction) => {
    for (const { entity, type, pairs, partial } of maps) {
      if (partial) {
        await remap(transaction, { pairId, runId, entity }, pairs, new Set());
        continue;
      }
      const source = pairs.map(([id]) => id);
      const destination = pairs.map(([, id]) => id);
      const content = type === 'text' ? encodeTextSegment(source, destination) : encodeSegment(source, destination);
      const coding = type === 'text' ? 'texts' : 'pairs';
      await replaceSegments(transaction, pairId, entity, { ordinal: 0, runId, coding, rows: pairs.length, content });
    }
  });
}

/**
 * Maps rows of an entity with integer ids that stood in the destination before; rows that had another counterpart get
 * this one. Where nothing changes, the segment of the run that wrote it stays.
 * @param forgotten source ids that are mapped no longer.
 */
export async function remap(
  queries: Queries,
  { pairId, runId, entity }: EntityInRun,
  pairs: readonly [string, string][],
  forgotten: ReadonlySet<string>,
): Promise<void> {
  const toMap = new Map(pairs);
  const segments = await readSegments(queries, pairId, entity);
  for (const segment of segments) {
    if (segment.coding === 'rows') continue;
    const { sources, destinations } = decodeTextSegment(segment.content);
    const kept: [string, string][] = [];
    for (const [place, id] of sources.entries()) {
      const destinationId = destinations[place]!;
      const counterpart = toMap.get(id);
      if (forgotten.has(id) || (counterpart !== undefined && counterpart !== destinationId)) continue;
      kept.push([id, destinationId]);
      toMap.delete(id);
    }
    if (kept.length === sources.length) continue;
    await removeSegment(queries, pairId, entity, segment.ordinal);
    if (kept.length === 0) continue;
    const content = encodeSegment(
      kept.map(([id]) => id),
      kept.map(([, id]) => id),
    );
    await insertSegment(queries, pairId, entity, { ...segment, rows: kept.length, content });
  }
  if (toMap.size === 0) return;
  await insertSegment(queries, pairId, entity, {
    ordinal: await nextOrdinal(queries, pairId, entity),
    runId,
    coding: 'reusedPairs',
    rows: toMap.size,
    content: encodeSegment([...toMap.keys()], [...toMap.values()]),
  });
}
