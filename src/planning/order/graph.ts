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

/** A node with its neighbours at hand. */
export interface Vertex {
  node: number;
  /** Ascending by the numbers of their edges, as are those that enter. */
  leaving: Link[];
  entering: Link[];
}

/** An edge between vertices. */
export interface Link {
  edge: Edge;
  from: Vertex;
  to: Vertex;
}

/**
 * The graph's nodes by number, linked by the edges that are kept.
 * @throws Error for an edge of a node that is not there
 */
export function linked(graph: Graph, keep: (edge: Edge) => boolean = () => true): Vertex[] {
  const vertices = Array.from({ length: graph.nodes }, (_, node): Vertex => ({ node, leaving: [], entering: [] }));
  for (const edge of graph.edges.filter(keep)) {
    const link = { edge, from: vertexOf(vertices, edge.from), to: vertexOf(vertices, edge.to) };
    link.from.leaving.push(link);
    link.to.entering.push(link);
  }
  return vertices;
}

function vertexOf(vertices: readonly Vertex[], node: number): Vertex {
  const vertex = vertices[node];
  if (vertex === undefined) throw new Error(`the graph has no node ${node}`);
  return vertex;
}

/** The place of each node in a sequence. The function given throws Error for a node that is not in it. */
export function placesOf(sequence: readonly number[]): (node: number) => number {
  return groupsOf(sequence.map((node) => [node]));
}

/** The number of the group that each node is in. The function given throws Error for a node that is in none. */
export function groupsOf(groups: readonly (readonly number[])[]): (node: number) => number {
  const numbers = new Map(groups.flatMap((nodes, number) => nodes.map((node) => [node, number] as const)));
  return (node) => {
    const number = numbers.get(node);
    if (number === undefined) throw new Error(`the order has no node ${node}`);
    return number;
  };
}

/**
 * Strongly connected components (Tarjan), referred-to components before those that refer to them; nodes ascend within
 * one. Iterative: a chain of thousands of entities is no deep recursion.
 */
export function stronglyConnectedComponents(graph: Graph, keep?: (edge: Edge) => boolean): number[][] {
  const search = new ComponentSearch();
  for (const vertex of linked(graph, keep)) search.from(vertex);
  return search.components;
}

/** A vertex that the search has come to. */
interface Visit {
  vertex: Vertex;
  /** Ordinal of the visit, and the lowest one of an open visit that can be reached from here. */
  index: number;
  low: number;
  /** Its component is not complete yet. */
  open: boolean;
  /** Links that are still to be followed. */
  links: Iterator<Link, undefined>;
}

class ComponentSearch {
  readonly components: number[][] = [];
  readonly #visits = new Map<Vertex, Visit>();
  readonly #open: Visit[] = [];

  from(root: Vertex): void {
    if (this.#visits.has(root)) return;
    const path = [this.#visit(root)];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const link = last.links.next().value;
      if (link !== undefined) {
        const next = this.#follow(last, link);
        if (next !== null) path.push(next);
        continue;
      }
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) parent.low = Math.min(parent.low, last.low);
      if (last.low === last.index) this.#close(last);
    }
  }

  #visit(vertex: Vertex): Visit {
    const index = this.#visits.size;
    const visit = { vertex, index, low: index, open: true, links: vertex.leaving.values() };
    this.#visits.set(vertex, visit);
    this.#open.push(visit);
    return visit;
  }

  /** @returns the visit of a vertex that was not come to before. */
  #follow(visit: Visit, { to }: Link): Visit | null {
    const earlier = this.#visits.get(to);
    if (earlier === undefined) return this.#visit(to);
    if (earlier.open) visit.low = Math.min(visit.low, earlier.index);
    return null;
  }

  /** The component whose first visit this is: it and all that are open above it. */
  #close(first: Visit): void {
    const members = this.#open.splice(this.#open.lastIndexOf(first));
    for (const member of members) member.open = false;
    this.components.push(members.map(({ vertex }) => vertex.node).sort((left, right) => left - right));
  }
}

/**
 * A shortest cycle among the nodes, each referring to the next and the last to the first.
 * @throws Error where there is none
 */
export function shortestCycle(graph: Graph, nodes: readonly number[], keep: (edge: Edge) => boolean): number[] {
  const inside = new Set(nodes);
  const vertices = linked(graph, (edge) => keep(edge) && inside.has(edge.from) && inside.has(edge.to));
  let shortest: number[] | null = null;
  for (const node of nodes) {
    const cycle = shortestCycleThrough(vertexOf(vertices, node));
    if (cycle !== null && (shortest === null || cycle.length < shortest.length)) shortest = cycle;
  }
  if (shortest === null) throw new Error('the graph has no cycle among these nodes');
  return shortest;
}

/** A way through the graph by its last vertex. */
interface Way {
  vertex: Vertex;
  before: Way | null;
}

function shortestCycleThrough(start: Vertex): number[] | null {
  const reached = new Set<Vertex>();
  const ways: Way[] = [{ vertex: start, before: null }];
  // An array gives what is added while it is walked, too.
  for (const way of ways) {
    for (const { to } of way.vertex.leaving) {
      if (to === start) return nodesOf(way);
      if (reached.has(to)) continue;
      reached.add(to);
      ways.push({ vertex: to, before: way });
    }
  }
  return null;
}

function nodesOf(way: Way): number[] {
  const nodes: number[] = [];
  for (let at: Way | null = way; at !== null; at = at.before) nodes.unshift(at.vertex.node);
  return nodes;
}
