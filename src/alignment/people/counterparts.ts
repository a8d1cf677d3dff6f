import type { Decisions } from './decisions.ts';

/** Stands for the destination id of a row that the run is yet to create: no row has it. */
const unmappedIdPlaceholder = (sourceId: string) => `-${sourceId}`;

/** Destination ids of people or groups that are decided, or what stands for them, by source id. */
export type Counterparts = ReadonlyMap<string, string>;

export function counterpartsOf(decisions: Decisions): Counterparts {
  const { matched, updated, recreated, created, merged } = decisions;
  const counterparts = new Map([...matched, ...updated]);
  for (const id of [...created, ...recreated.map(([sourceId]) => sourceId)]) {
    counterparts.set(id, unmappedIdPlaceholder(id));
  }
  for (const [id, owner] of merged) {
    const counterpart = counterparts.get(owner);
    // A row may be merged with one that is missing itself: then neither has a counterpart.
    if (counterpart !== undefined) counterparts.set(id, counterpart);
  }
  return counterparts;
}
