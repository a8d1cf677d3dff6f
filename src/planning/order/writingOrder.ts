import { type Graph, groupsOf, placesOf, stronglyConnectedComponents } from './graph.ts';

export interface WritingOrder {
  /** Nodes in the order in which they can be written. */
  sequence: number[];
  /** Ordinal of each node's strongly connected component, in that order. */
  component: number[];
}

/**
 * Orders the nodes so that whatever a node refers to comes first, deferred references aside. Nodes of one strongly
 * connected component (of the whole graph) follow each other; where there is a choice, the lower number comes first.
 * Nodes of a cycle that is not broken come last within their component.
 */
export function writingOrder(graph: Graph, deferred: ReadonlySet<number>): WritingOrder {
  const components = stronglyConnectedComponents(graph);
  const componentOf = groupsOf(components);
  const kept = graph.edges.filter((edge, number) => edge.from !== edge.to && !deferred.has(number));
  const between = graph.edges
    .map(({ from, to }) => ({ from: componentOf(from), to: componentOf(to) }))
    .filter(({ from, to }) => from !== to);
  const nodes = Array.from({ length: graph.nodes }, (_, node) => ({ node, rank: node }));
  const placeOf = placesOf(topological(nodes, kept).map(({ node }) => node));
  const groups = components.map((members, node) => ({ node, rank: Math.min(...members), members }));
  const sequence: number[] = [];
  const component = new Array<number>(graph.nodes);
  for (const [ordinal, { members }] of topological(groups, between).entries()) {
    for (const node of members.toSorted((left, right) => placeOf(left) - placeOf(right))) {
      sequence.push(node);
      component[node] = ordinal;
    }
  }
  return { sequence, component };
}

interface Ranked {
  node: number;
  /** Where there is a choice, the lowest comes first. */
  rank: number;
}

/** A node that is waiting for those it refers to. */
interface Waiting<Item extends Ranked> {
  item: Item;
  /** Edges that lead to nodes which are not in the sequence yet. */
  open: number;
  referrers: Waiting<Item>[];
}

/** Kahn's algorithm, least rank first; nodes in an unbroken cycle, or that refer to one, follow at the end. */
function topological<Item extends Ranked>(
  items: readonly Item[],
  edges: readonly { from: number; to: number }[],
): Item[] {
  const waiting = items.map((item): Waiting<Item> => ({ item, open: 0, referrers: [] }));
  const byNode = new Map(waiting.map((one) => [one.item.node, one]));
  for (const { from, to } of edges) {
    const [referrer, target] = [byNode.get(from), byNode.get(to)];
    if (referrer === undefined || target === undefined) throw new Error(`the order lacks node ${from} or ${to}`);
    referrer.open += 1;
    target.referrers.push(referrer);
  }
  const byRank = waiting.toSorted((left, right) => left.item.rank - right.item.rank);
  const ready = byRank.filter(({ open }) => open === 0);
  const ordered = new Set<Waiting<Item>>();
  for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
    ordered.add(next);
    for (const referrer of next.referrers) {
      referrer.open -= 1;
      if (referrer.open === 0) insertByRank(ready, referrer);
    }
  }
  return [...ordered, ...byRank.filter((one) => !ordered.has(one))].map(({ item }) => item);
}

function insertByRank<Item extends Ranked>(ready: Waiting<Item>[], one: Waiting<Item>): void {
  const place = ready.findIndex(({ item }) => item.rank >= one.item.rank);
  ready.splice(place < 0 ? ready.length : place, 0, one);
}
