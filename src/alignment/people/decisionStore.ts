import type { Queries } from '../../database/port.ts';
import { packIds, unpackIds } from '../../identity/idList.ts';
import { decodeTextSegment, encodeSegment } from '../../identity/segment.ts';
import { insertDecisions, type PackedDecision, readDecisions } from '../../journal/decisions.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { type Decisions, type IdPair, noDecisions } from './decisions.ts';

const pairLists = ['matched', 'updated', 'recreated', 'merged'] as const;
const idLists = ['created', 'gone'] as const;

/** Keeps what a run decided on its aligned entities: one to four bytes a row. */
export async function saveDecisions(queries: Queries, runId: string, all: readonly Decisions[]): Promise<void> {
  const packed = all.flatMap((decisions): PackedDecision[] => {
    const { entity } = decisions;
    return [
      ...pairLists.map((decision) => {
        const pairs = decisions[decision];
        const content = encodeSegment(
          pairs.map(([id]) => id),
          pairs.map(([, id]) => id),
        );
        return { entity, decision, rows: pairs.length, content };
      }),
      ...idLists.map((decision) => {
        const ids = decisions[decision];
        return { entity, decision, rows: ids.length, content: packIds(ids) };
      }),
    ].filter(({ rows }) => rows > 0);
  });
  await insertDecisions(queries, runId, packed);
}

/** What a run decided on the rows of one entity; nothing where it decided nothing. @throws DatabaseError */
export async function loadDecisions(journal: Queries, runId: string, entity: EntityKey): Promise<Decisions> {
  const decisions = noDecisions(entity);
  for (const { decision, content } of await readDecisions(journal, runId, entity)) {
    const pairList = pairLists.find((list) => list === decision);
    const idList = idLists.find((list) => list === decision);
    if (pairList !== undefined) {
      const { sources, destinations } = decodeTextSegment(content);
      decisions[pairList] = sources.map((id, place): IdPair => [id, destinations[place]!]);
    } else if (idList !== undefined) decisions[idList] = unpackIds(content);
  }
  return decisions;
}
