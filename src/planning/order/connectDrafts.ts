import type { Database } from '../../database/port.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft, DraftReference, OrderedDraft } from '../drafting/draft.ts';
import { holdsTarget } from '../questions/conditions.ts';
import { countRows } from '../questions/dataQuestions.ts';
import { breakCycles } from './cycles.ts';
import { type Graph, groupsOf, stronglyConnectedComponents } from './graph.ts';
import { writingOrder } from './writingOrder.ts';

/** How the drafts hang together. */
export interface Connected {
  /** In the order of writing. */
  drafts: OrderedDraft[];
  /** References that are written as NULL at insert and filled in a second pass. */
  deferred: ReadonlySet<DraftReference>;
  findings: Findings;
}

/** A reference between two drafts. */
interface Connection {
  draft: Draft;
  reference: DraftReference;
  /** Places of the two in the list of drafts. */
  from: number;
  to: number;
}

/**
 * Builds the reference graph of the drafts, decides which references are deferred and in which order the entities can
 * be written. References inside components are weighed by the rows that hold them.
 * @throws DatabaseError
 */
export async function connectDrafts(database: Database, given: readonly Draft[]): Promise<Connected> {
  // By name: the order, where it is free, should not depend on ids.
  const drafts = given.toSorted(
    (left, right) => compare(left.name, right.name) || compare(left.pair.key, right.pair.key),
  );
  const connections = connectionsOf(drafts);
  const weights = await weigh(database, drafts.length, connections);
  const graph = graphOf(drafts.length, connections, weights);
  const { deferred, impossible } = breakCycles(graph);
  const { sequence, component } = writingOrder(graph, deferred);
  return {
    drafts: sequence.map((node) => ({ draft: drafts[node]!, component: component[node]! })),
    deferred: new Set(connections.filter((_, number) => deferred.has(number)).map(({ reference }) => reference)),
    findings: identifierCycles(impossible.map((cycle) => cycle.map((node) => drafts[node]!.name))),
  };
}

const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

function connectionsOf(drafts: readonly Draft[]): Connection[] {
  const places = new Map(drafts.map(({ pair }, place) => [pair.key, place]));
  return drafts.flatMap((draft, from) =>
    draft.references.flatMap((reference) => {
      const to = places.get(reference.target);
      return to === undefined ? [] : [{ draft, reference, from, to }];
    }),
  );
}

/** An edge for each connection, in their order. */
function graphOf(
  nodes: number,
  connections: readonly Connection[],
  weights: ReadonlyMap<Connection, number> = new Map(),
): Graph {
  const edges = connections.map((connection) => {
    const { from, to, reference } = connection;
    // Where there is no choice, nothing is weighed.
    return { from, to, weight: weights.get(connection) ?? 0, hard: !reference.deferrable };
  });
  return { nodes, edges };
}

/** Only where there is a choice: references between different entities of one component. @throws DatabaseError */
async function weigh(
  database: Database,
  nodes: number,
  connections: readonly Connection[],
): Promise<Map<Connection, number>> {
  const componentOf = groupsOf(stronglyConnectedComponents(graphOf(nodes, connections)));
  const weighed = connections.filter(
    ({ from, to, reference }) => from !== to && reference.deferrable && componentOf(from) === componentOf(to),
  );
  const counted = await countRows(
    database,
    weighed.map((connection) => {
      const { draft, reference } = connection;
      return { connection, table: draft.source, condition: holdsTarget(reference) };
    }),
  );
  return new Map(counted.map(({ question, rows }) => [question.connection, rows]));
}

/** Cycles of references none of which can be deferred, by the names of their entities. */
function identifierCycles(cycles: readonly string[][]): Findings {
  const findings = new Findings();
  for (const cycle of cycles) findings.add('identifier-cycle', { entity: cycle[0]!, cycle });
  return findings;
}
