import { type Edge, type Graph, placesOf, shortestCycle, stronglyConnectedComponents } from './graph.ts';
import { cheapestSequence, goodSequence } from './sequences.ts';

/** Components up to this many entities are broken at the least possible cost; larger ones by a heuristic. */
const exactUpTo = 14;

export interface BrokenCycles {
  /** Numbers of the edges to defer. Self references are always among them, unless they are hard. */
  deferred: Set<number>;
  /** Cycles of hard edges alone, which nothing can break: each node refers to the next, the last to the first. */
  impossible: number[][];
}

/**
 * Chooses which references to defer so that the others have no cycle: in each strongly connected component the
 * cheapest set that breaks it (a minimum feedback arc set by weight), never a hard one. The same graph gives the same
 * choice. References in an impossible cycle are left as they are.
 */
export function breakCycles(graph: Graph): BrokenCycles {
  const selfReferences = [...graph.edges.entries()].filter(([, { from, to }]) => from === to);
  const deferred = new Set(selfReferences.flatMap(([number, { hard }]) => (hard ? [] : [number])));
  const impossible = selfReferences.flatMap(([, { from, hard }]) => (hard ? [[from]] : []));
  for (const members of stronglyConnectedComponents(graph)) {
    if (members.length < 2) continue;
    const component = componentOf(graph, members);
    const hardCycles = hardCyclesOf(component);
    impossible.push(...hardCycles);
    if (hardCycles.length === 0) for (const number of edgesToDefer(component)) deferred.add(number);
  }
  return { deferred, impossible };
}

/** A component as a graph of its own, its nodes renumbered; self references are left out. */
interface Component extends Graph {
  /** The whole graph's numbers of the nodes. */
  members: readonly number[];
  edges: NumberedEdge[];
}

interface NumberedEdge extends Edge {
  /** Its number in the whole graph. */
  number: number;
}

function componentOf(graph: Graph, members: readonly number[]): Component {
  const places = new Map(members.map((node, place) => [node, place]));
  const edges = [...graph.edges.entries()].flatMap(([number, edge]): NumberedEdge[] => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    if (from === undefined || to === undefined || from === to) return [];
    return [{ from, to, weight: edge.weight, hard: edge.hard, number }];
  });
  return { nodes: members.length, members, edges };
}

/** A shortest cycle of each set of nodes that reach each other along hard edges, in the whole graph's numbers. */
function hardCyclesOf(component: Component): number[][] {
  const isHard = ({ hard }: Edge) => hard;
  return stronglyConnectedComponents(component, isHard)
    .filter((nodes) => nodes.length > 1)
    .map((nodes) => shortestCycle(component, nodes, isHard).map((node) => component.members[node]!));
}

/** Numbers of the edges that are deferred so that the component has no cycle. */
function edgesToDefer(component: Component): number[] {
  const isSmall = component.nodes <= exactUpTo;
  return violated(component, isSmall ? cheapestSequence(component) : goodSequence(component));
}

/**
 * Numbers of the edges that lead to a node written later, less those that can stay after all: put back, dearest first,
 * wherever that closes no cycle.
 */
function violated({ edges }: Component, sequence: readonly number[]): number[] {
  const placeOf = placesOf(sequence);
  const isLate = ({ from, to }: Edge) => placeOf(to) > placeOf(from);
  const kept = new KeptEdges(edges.filter((edge) => !isLate(edge)));
  const dearestFirst = edges
    .filter(isLate)
    .sort((left, right) => right.weight - left.weight || left.number - right.number);
  return dearestFirst.filter((edge) => !kept.addIfAcyclic(edge)).map(({ number }) => number);
}

/** Edges that have no cycle. */
class KeptEdges {
  readonly #targets = new Map<number, Set<number>>();

  constructor(edges: readonly Edge[]) {
    for (const edge of edges) this.#add(edge);
  }

  /** @returns whether the edge was added: it closes no cycle. */
  addIfAcyclic(edge: Edge): boolean {
    if (this.#leads(edge.to, edge.from)) return false;
    this.#add(edge);
    return true;
  }

  #add({ from, to }: Edge): void {
    this.#targets.set(from, (this.#targets.get(from) ?? new Set()).add(to));
  }

  #leads(start: number, goal: number): boolean {
    const reached = new Set([start]);
    // A set gives what is added while it is walked, too.
    for (const node of reached) {
      if (node === goal) return true;
      for (const target of this.#targets.get(node) ?? []) reached.add(target);
    }
    return false;
  }
}
