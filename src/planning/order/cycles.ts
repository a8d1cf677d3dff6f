import { type Edge, type Graph, shortestCycle, stronglyConnectedComponents } from './graph.ts';

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
  const deferred = new Set<number>();
  const impossible: number[][] = [];
  graph.edges.forEach((edge, number) => {
    if (edge.from !== edge.to) return;
    if (edge.hard) impossible.push([edge.from]);
    else deferred.add(number);
  });
  for (const component of stronglyConnectedComponents(graph)) {
    if (component.length < 2) continue;
    const inside = innerEdges(graph, component);
    const hardComponents = stronglyConnectedComponents(inside.graph, (edge) => edge.hard).filter(
      ({ length }) => length > 1,
    );
    for (const nodes of hardComponents) {
      const cycle = shortestCycle(inside.graph, nodes, (edge) => edge.hard)!;
      impossible.push(cycle.map((node) => component[node]!));
    }
    if (hardComponents.length > 0) continue;
    const sequence = component.length <= exactUpTo ? cheapestSequence(inside.graph) : goodSequence(inside.graph);
    for (const edge of violated(inside.graph, sequence)) deferred.add(inside.numbers[edge]!);
  }
  return { deferred, impossible };
}

/** The component as a graph of its own, its nodes renumbered; self references left out. */
function innerEdges(graph: Graph, component: readonly number[]): { graph: Graph; numbers: number[] } {
  const places = new Map(component.map((node, place) => [node, place]));
  const edges: Edge[] = [];
  const numbers: number[] = [];
  graph.edges.forEach((edge, number) => {
    const from = places.get(edge.from);
    const to = places.get(edge.to);
    if (from === undefined || to === undefined || from === to) return;
    edges.push({ ...edge, from, to });
    numbers.push(number);
  });
  return { graph: { nodes: component.length, edges }, numbers };
}

/** Cost of edges from row to column that are violated when the row's node is written first. */
function costs({ nodes, edges }: Graph): Float64Array[] {
  const matrix = Array.from({ length: nodes }, () => new Float64Array(nodes));
  for (const { from, to, weight, hard } of edges) matrix[from]![to]! += hard ? Number.POSITIVE_INFINITY : cost(weight);
  return matrix;
}

/** Each deferred reference costs something even where no row has it yet: fewer are better. */
const cost = (weight: number) => weight + 1e-3;

/** Exact, by dynamic programming over the sets of nodes that are written first: 2ⁿ·n steps. */
function cheapestSequence(graph: Graph): number[] {
  const { nodes } = graph;
  const matrix = costs(graph);
  const size = 1 << nodes;
  const total = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const last = new Int8Array(size).fill(-1);
  total[0] = 0;
  for (let written = 0; written < size; written++) {
    if (total[written] === Number.POSITIVE_INFINITY) continue;
    for (let node = 0; node < nodes; node++) {
      if (written & (1 << node)) continue;
      let sum = total[written]!;
      const row = matrix[node]!;
      for (let other = 0; other < nodes; other++) {
        if (other !== node && !(written & (1 << other))) sum += row[other]!;
      }
      const then = written | (1 << node);
      if (sum < total[then]!) {
        total[then] = sum;
        last[then] = node;
      }
    }
  }
  const sequence: number[] = [];
  for (let written = size - 1; written > 0; written &= ~(1 << last[written]!)) sequence.unshift(last[written]!);
  return sequence;
}

/** Greedy sequence that no hard edge violates, then every node moved to its best place until none gains. */
function goodSequence(graph: Graph): number[] {
  const sequence = greedySequence(graph);
  const { nodes, edges } = graph;
  const toward: Map<number, number>[] = Array.from({ length: nodes }, () => new Map());
  const back: Map<number, number>[] = Array.from({ length: nodes }, () => new Map());
  for (const { from, to, weight, hard } of edges) {
    const price = hard ? Number.POSITIVE_INFINITY : cost(weight);
    toward[from]!.set(to, (toward[from]!.get(to) ?? 0) + price);
    back[to]!.set(from, (back[to]!.get(from) ?? 0) + price);
  }
  for (let pass = 0; pass < 8; pass++) {
    let moved = false;
    for (let node = 0; node < nodes; node++)
      moved = moveToBestPlace(sequence, node, toward[node]!, back[node]!) || moved;
    if (!moved) break;
  }
  return sequence;
}

/** Moves towards one end and the other, keeping the best place; stops at a hard edge. */
function moveToBestPlace(
  sequence: number[],
  node: number,
  toward: Map<number, number>,
  back: Map<number, number>,
): boolean {
  const place = sequence.indexOf(node);
  let best = { gain: 1e-9, place };
  for (const step of [-1, 1]) {
    let gain = 0;
    for (let at = place + step; at >= 0 && at < sequence.length; at += step) {
      const other = sequence[at]!;
      const references = toward.get(other) ?? 0;
      const referrers = back.get(other) ?? 0;
      // Before `other`: its own references to it are violated; after it: those of `other` to this node.
      const worse = step < 0 ? references : referrers;
      if (worse === Number.POSITIVE_INFINITY) break;
      const better = step < 0 ? referrers : references;
      gain += better - worse;
      if (gain > best.gain) best = { gain, place: at };
    }
  }
  if (best.place === place) return false;
  sequence.splice(place, 1);
  sequence.splice(best.place, 0, node);
  return true;
}

/**
 * Writes next whatever violates least (Eades, Lin and Smyth's idea with weights): of the nodes all of whose hard targets
 * are written, the one whose open references cost least beyond what its referrers gain.
 */
function greedySequence({ nodes, edges }: Graph): number[] {
  const open = new Float64Array(nodes);
  const gained = new Float64Array(nodes);
  const hardOpen = new Int32Array(nodes);
  const into: Edge[][] = Array.from({ length: nodes }, () => []);
  const out: Edge[][] = Array.from({ length: nodes }, () => []);
  for (const edge of edges) {
    into[edge.to]!.push(edge);
    out[edge.from]!.push(edge);
    gained[edge.to]! += cost(edge.weight);
    if (edge.hard) hardOpen[edge.from]! += 1;
    else open[edge.from]! += cost(edge.weight);
  }
  const left = new Set(Array.from({ length: nodes }, (_, node) => node));
  const sequence: number[] = [];
  while (left.size > 0) {
    let chosen = -1;
    for (const node of left) {
      if (hardOpen[node]! > 0) continue;
      if (chosen < 0 || open[node]! - gained[node]! < open[chosen]! - gained[chosen]!) chosen = node;
    }
    left.delete(chosen);
    sequence.push(chosen);
    for (const edge of into[chosen]!) {
      if (edge.hard) hardOpen[edge.from]! -= 1;
      else open[edge.from]! -= cost(edge.weight);
    }
    for (const edge of out[chosen]!) gained[edge.to]! -= cost(edge.weight);
  }
  return sequence;
}

/**
 * Edges that lead to a node written later, less those that can stay after all: put back, dearest first, wherever that
 * closes no cycle.
 */
function violated({ nodes, edges }: Graph, sequence: readonly number[]): number[] {
  const places = new Array<number>(nodes);
  sequence.forEach((node, place) => {
    places[node] = place;
  });
  const leaving: Set<number>[] = Array.from({ length: nodes }, () => new Set());
  const backward: number[] = [];
  edges.forEach(({ from, to }, number) => {
    if (places[to]! > places[from]!) backward.push(number);
    else leaving[from]!.add(to);
  });
  backward.sort((left, right) => edges[right]!.weight - edges[left]!.weight || left - right);
  return backward.filter((number) => {
    const { from, to } = edges[number]!;
    if (reaches(leaving, to, from)) return true;
    leaving[from]!.add(to);
    return false;
  });
}

function reaches(leaving: readonly Set<number>[], start: number, goal: number): boolean {
  const seen = new Set([start]);
  // A set gives what is added while it is walked, too.
  for (const node of seen) {
    if (node === goal) return true;
    for (const target of leaving[node]!) seen.add(target);
  }
  return false;
}
