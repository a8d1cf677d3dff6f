/** References between entities as a directed multigraph: `from` refers to `to`. Nodes are numbered from 0. */
export interface Graph {
  nodes: number;
  edges: Edge[];
}

export interface Edge {
  from: number;
  to: number;
  /** What it costs to defer the reference: rows that need a second pass. */
  weight: number;
  /** Can never be deferred. */
  hard: boolean;
}

/** Numbers of the edges that leave each node, ascending. */
export function outgoing({ nodes, edges }: Graph, keep: (edge: Edge) => boolean = () => true): number[][] {
  const lists: number[][] = Array.from({ length: nodes }, () => []);
  edges.forEach((edge, number) => {
    if (keep(edge)) lists[edge.from]!.push(number);
  });
  return lists;
}

/**
 * Strongly connected components (Tarjan), referred-to components before those that refer to them; nodes ascend within
 * one. Iterative: a chain of thousands of entities is no deep recursion.
 */
export function stronglyConnectedComponents(graph: Graph, keep?: (edge: Edge) => boolean): number[][] {
  const leaving = outgoing(graph, keep);
  const index = new Array<number>(graph.nodes).fill(-1);
  const low = new Array<number>(graph.nodes).fill(0);
  const onStack = new Array<boolean>(graph.nodes).fill(false);
  const next = new Array<number>(graph.nodes).fill(0);
  const stack: number[] = [];
  const components: number[][] = [];
  let counter = 0;
  const enter = (node: number) => {
    index[node] = low[node] = counter++;
    stack.push(node);
    onStack[node] = true;
  };
  for (let root = 0; root < graph.nodes; root++) {
    if (index[root] !== -1) continue;
    enter(root);
    const path = [root];
    while (path.length > 0) {
      const node = path.at(-1)!;
      const edge = leaving[node]![next[node]!];
      if (edge !== undefined) {
        next[node]! += 1;
        const target = graph.edges[edge]!.to;
        if (index[target] === -1) {
          enter(target);
          path.push(target);
        } else if (onStack[target]) low[node] = Math.min(low[node]!, index[target]!);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
      if (low[node] !== index[node]) continue;
      const component: number[] = [];
      for (let member = -1; member !== node; ) {
        member = stack.pop()!;
        onStack[member] = false;
        component.push(member);
      }
      components.push(component.sort((left, right) => left - right));
    }
  }
  return components;
}

/** A shortest cycle among the nodes, `[a, b, …]` with each referring to the next and the last to the first; null for none. */
export function shortestCycle(graph: Graph, nodes: readonly number[], keep: (edge: Edge) => boolean): number[] | null {
  const inside = new Set(nodes);
  const leaving = outgoing(graph, (edge) => keep(edge) && inside.has(edge.from) && inside.has(edge.to));
  let best: number[] | null = null;
  for (const start of nodes) {
    const from = new Map<number, number>();
    const queue = [start];
    search: for (let head = 0; head < queue.length; head++) {
      const node = queue[head]!;
      for (const edge of leaving[node]!) {
        const target = graph.edges[edge]!.to;
        if (target === start) {
          const cycle = [node];
          while (cycle[0] !== start) cycle.unshift(from.get(cycle[0]!)!);
          if (best === null || cycle.length < best.length) best = cycle;
          break search;
        }
        if (target !== start && !from.has(target)) {
          from.set(target, node);
          queue.push(target);
        }
      }
    }
  }
  return best;
}
