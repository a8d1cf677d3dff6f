import { type Graph, stronglyConnectedComponents } from './graph.ts';

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
  const componentOf = new Array<number>(graph.nodes);
  components.forEach((members, number) => {
    for (const node of members) componentOf[node] = number;
  });
  const kept = graph.edges.filter((edge, number) => edge.from !== edge.to && !deferred.has(number));
  const between = graph.edges
    .map(({ from, to }) => ({ from: componentOf[from]!, to: componentOf[to]! }))
    .filter(({ from, to }) => from !== to);
  const within = topological(graph.nodes, kept, (node) => node);
  const place = new Array<number>(graph.nodes);
  within.forEach((node, index) => {
    place[node] = index;
  });
  const sequence: number[] = [];
  const component = new Array<number>(graph.nodes);
  topological(components.length, between, (number) => components[number]![0]!).forEach((number, ordinal) => {
    for (const node of [...components[number]!].sort((left, right) => place[left]! - place[right]!)) {
      sequence.push(node);
      component[node] = ordinal;
    }
  });
  return { sequence, component };
}

/** Kahn's algorithm, least rank first; nodes on or behind a cycle follow at the end. */
function topological(
  nodes: number,
  edges: readonly { from: number; to: number }[],
  rankOf: (node: number) => number,
): number[] {
  const open = new Array<number>(nodes).fill(0);
  const referrers: number[][] = Array.from({ length: nodes }, () => []);
  for (const { from, to } of edges) {
    open[from]! += 1;
    referrers[to]!.push(from);
  }
  const byRank = Array.from({ length: nodes }, (_, node) => node).sort((left, right) => rankOf(left) - rankOf(right));
  const ready = byRank.filter((node) => open[node] === 0);
  const sequence: number[] = [];
  while (ready.length > 0) {
    const node = ready.shift()!;
    sequence.push(node);
    for (const referrer of referrers[node]!) {
      open[referrer]! -= 1;
      if (open[referrer] === 0) insertByRank(ready, referrer, rankOf);
    }
  }
  const ordered = new Set(sequence);
  return [...sequence, ...byRank.filter((node) => !ordered.has(node))];
}

function insertByRank(ready: number[], node: number, rankOf: (node: number) => number): void {
  let low = 0;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rankOf(ready[middle]!) < rankOf(node)) low = middle + 1;
    else high = middle;
  }
  ready.splice(low, 0, node);
}
