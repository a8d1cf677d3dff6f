import type { Database } from '../database/port.ts';
import { readSegments, replaceSegments, type Segment, type SegmentCoding } from '../journal/segments.ts';
import type { EntityKey } from '../outsystems/catalog.ts';
import type { IdMap } from './idMap.ts';
import { NumericIdMap } from './numericIdMap.ts';
import { encodeSegment, encodeTextSegment } from './segment.ts';
import { TextIdMap } from './textIdMap.ts';

/** An id map that grows by segments. */
export type GrowingIdMap = IdMap & { add(content: Uint8Array): void; entries(): Iterable<[string, string]> };

const isText = (coding: SegmentCoding) => coding === 'texts' || coding === 'reusedTexts';

/**
 * Loads an entity's map from the journal. An entity that has none gets an empty map.
 * @param only which segments count; all of them when left out.
 */
export async function loadIdMap(
  journal: Database,
  pairId: string,
  entity: EntityKey,
  type: 'integer' | 'text',
  only: (segment: Segment) => boolean = () => true,
): Promise<GrowingIdMap> {
  const segments = (await readSegments(journal, pairId, entity)).filter(
    (segment) => segment.coding !== 'rows' && only(segment),
  );
  const text = segments.length > 0 ? isText(segments[0]!.coding) : type === 'text';
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
}

/** Keeps the maps of matched entities; those of an earlier run are replaced, the newest matching wins. */
export async function saveMatchedMaps(
  journal: Database,
  pairId: string,
  runId: string,
  maps: MatchedMap[],
): Promise<void> {
  await journal.transaction(async (transaction) => {
    for (const { entity, type, pairs } of maps) {
      const source = pairs.map(([id]) => id);
      const destination = pairs.map(([, id]) => id);
      const content = type === 'text' ? encodeTextSegment(source, destination) : encodeSegment(source, destination);
      const coding = type === 'text' ? 'texts' : 'pairs';
      await replaceSegments(transaction, pairId, entity, { ordinal: 0, runId, coding, rows: pairs.length, content });
    }
  });
}
