import type { Database } from '../../database/port.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft, DraftReference } from '../drafting/draft.ts';
import { holdsTarget } from '../questions/conditions.ts';
import { countRows } from '../questions/dataQuestions.ts';
import { breakCycles } from './cycles.ts';
import { type Graph, stronglyConnectedComponents } from './graph.ts';
import { writingOrder } from './writingOrder.ts';

/** The drafts in the order of writing. */
export interface Connected {
  drafts: Draft[];
  /** Ordinal of the strongly connected component of each draft, in that order. */
  components: number[];
  findings: Findings;
}

/**
 * Builds the reference graph of the drafts, decides which references are deferred (noted in the drafts) and in which
 * order the entities can be written. References inside components are weighed by the rows that hold them.
 * @throws DatabaseError
 */
export async function connectDrafts(database: Database, given: readonly Draft[]): Promise<Connected> {
  // By name: the order, where it is free, should not depend on ids.
  const drafts = [...given].sort(
    (left, right) => compare(left.name, right.name) || compare(left.pair.key, right.pair.key),
  );
  const places = new Map<EntityKey, number>(drafts.map(({ pair }, place) => [pair.key, place]));
  const references: DraftReference[] = [];
  const graph: Graph = { nodes: drafts.length, edges: [] };
  drafts.forEach((draft, from) => {
    for (const reference of draft.references) {
      const to = places.get(reference.target);
      if (to === undefined) continue;
      references.push(reference);
      graph.edges.push({ from, to, weight: 0, hard: !reference.deferrable });
    }
  });
  await weigh(database, drafts, graph, references);
  const { deferred, impossible } = breakCycles(graph);
  for (const number of deferred) references[number]!.deferred = true;
  const { sequence, component } = writingOrder(graph, deferred);
  const findings = new Findings();
  for (const cycle of impossible) {
    const names = cycle.map((node) => drafts[node]!.name);
    findings.add('identifier-cycle', { entity: names[0]!, cycle: names });
  }
  return {
    drafts: sequence.map((node) => drafts[node]!),
    components: sequence.map((node) => component[node]!),
    findings,
  };
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

/** Only where there is a choice: references between different entities of one component. */
async function weigh(
  database: Database,
  drafts: readonly Draft[],
  graph: Graph,
  references: readonly DraftReference[],
): Promise<void> {
  const componentOf = new Map<number, number>();
  stronglyConnectedComponents(graph).forEach((members, number) => {
    for (const node of members) componentOf.set(node, number);
  });
  const weighed = graph.edges.flatMap(({ from, to, hard }, number) =>
    from !== to && !hard && componentOf.get(from) === componentOf.get(to) ? [number] : [],
  );
  const counts = await countRows(
    database,
    weighed.map((number) => ({
      table: drafts[graph.edges[number]!.from]!.source,
      condition: holdsTarget(references[number]!),
    })),
  );
  weighed.forEach((number, index) => {
    graph.edges[number]!.weight = counts[index]!;
  });
}
