import { type Edge, type Graph, type Link, linked, type Vertex } from './graph.ts';

/** Each deferred reference costs something even where no row has it yet: fewer are better. */
const costOf = ({ weight }: Edge) => weight + 1e-3;

/** What it costs to write `from` before `to`: a hard edge may not be violated at all. */
const priceOf = (edge: Edge) => (edge.hard ? Number.POSITIVE_INFINITY : costOf(edge));

/** A move that gains less is none. */
const leastGain = 1e-9;
/** How often every node is tried at all places. */
const passes = 8;

/**
 * The order of writing that violates the cheapest set of edges, by dynamic programming over the sets of nodes that are
 * written first: 2ⁿ·n steps.
 */
export function cheapestSequence(graph: Graph): number[] {
  const prices = linked(graph).map((vertex) => pricesOfGoingFirst(vertex, graph.nodes));
  const sets = 1 << graph.nodes;
  const costs = new Float64Array(sets).fill(Number.POSITIVE_INFINITY);
  const last = new Int8Array(sets).fill(-1);
  costs[0] = 0;
  // A set's cost is final when its turn comes: all that lead to it are smaller numbers.
  for (const [written, cost] of costs.entries()) {
    if (cost === Number.POSITIVE_INFINITY) continue;
    for (const [node, pricesOfNode] of prices.entries()) {
      const then = written | (1 << node);
      if (then === written) continue;
      const sum = pricesOfNode.reduce((total, price, other) => (then & (1 << other) ? total : total + price), cost);
      if (sum >= costs[then]!) continue;
      costs[then] = sum;
      last[then] = node;
    }
  }
  const sequence: number[] = [];
  for (let written = sets - 1; written > 0; written &= ~(1 << last[written]!)) sequence.unshift(last[written]!);
  return sequence;
}

/** By node, what it costs that this one is written before it. */
function pricesOfGoingFirst({ leaving }: Vertex, nodes: number): Float64Array {
  const prices = new Float64Array(nodes);
  for (const { edge } of leaving) prices[edge.to]! += priceOf(edge);
  return prices;
}

/** A sequence that no hard edge violates, then every node moved to its best place until none gains. */
export function goodSequence(graph: Graph): number[] {
  const neighbourhoods = linked(graph).map(neighbourhoodOf);
  let sequence = greedySequence(graph);
  for (let pass = 0; pass < passes; pass++) {
    const before = sequence;
    for (const neighbourhood of neighbourhoods) sequence = movedToBestPlace(sequence, neighbourhood);
    if (sequence === before) break;
  }
  return sequence;
}

/** Prices of a node's edges, by the node at the other end. */
interface Neighbourhood {
  node: number;
  targets: Map<number, number>;
  referrers: Map<number, number>;
}

function neighbourhoodOf({ node, leaving, entering }: Vertex): Neighbourhood {
  const pricesBy = (links: readonly Link[], end: 'from' | 'to') => {
    const prices = new Map<number, number>();
    for (const { edge } of links) prices.set(edge[end], (prices.get(edge[end]) ?? 0) + priceOf(edge));
    return prices;
  };
  return { node, targets: pricesBy(leaving, 'to'), referrers: pricesBy(entering, 'from') };
}

/** Tries the places towards one end and towards the other. @returns the same sequence where no move gains anything. */
function movedToBestPlace(sequence: number[], { node, targets, referrers }: Neighbourhood): number[] {
  const place = sequence.indexOf(node);
  // Before another node, this one's own references to it are violated; after it, those of the other to this one.
  const earlier = gainsOfPassing(sequence.slice(0, place).reverse(), { kept: referrers, violated: targets });
  const later = gainsOfPassing(sequence.slice(place + 1), { kept: targets, violated: referrers });
  let best = { gain: leastGain, place };
  for (const [passed, gain] of earlier.entries()) if (gain > best.gain) best = { gain, place: place - 1 - passed };
  for (const [passed, gain] of later.entries()) if (gain > best.gain) best = { gain, place: place + 1 + passed };
  return best.place === place ? sequence : sequence.toSpliced(place, 1).toSpliced(best.place, 0, node);
}

/** What is gained by passing one node, two nodes, and so on, up to a hard edge. */
function gainsOfPassing(
  others: readonly number[],
  { kept, violated }: { kept: ReadonlyMap<number, number>; violated: ReadonlyMap<number, number> },
): number[] {
  const gains: number[] = [];
  let gain = 0;
  for (const other of others) {
    const worse = violated.get(other) ?? 0;
    if (worse === Number.POSITIVE_INFINITY) break;
    gain += (kept.get(other) ?? 0) - worse;
    gains.push(gain);
  }
  return gains;
}

/** A node that is not in the sequence yet. */
interface Candidate {
  vertex: Vertex;
  /** Cost of its references to nodes that are not written yet, and how many hard ones there are. */
  open: number;
  hardOpen: number;
  /** Cost of the references to it by nodes that are not written yet. */
  gained: number;
}

/**
 * Writes next whatever violates least (Eades, Lin and Smyth's idea with weights): of the nodes all of whose hard
 * targets are written, the one whose open references cost least beyond what its referrers gain.
 */
function greedySequence(graph: Graph): number[] {
  const candidates = new Map(linked(graph).map((vertex) => [vertex, candidateOf(vertex)]));
  const sequence: number[] = [];
  while (candidates.size > 0) {
    const chosen = cheapestOf(candidates.values());
    candidates.delete(chosen.vertex);
    sequence.push(chosen.vertex.node);
    for (const { edge, from } of chosen.vertex.entering) {
      const referrer = candidates.get(from);
      if (referrer === undefined) continue;
      if (edge.hard) referrer.hardOpen -= 1;
      else referrer.open -= costOf(edge);
    }
    for (const { edge, to } of chosen.vertex.leaving) {
      const target = candidates.get(to);
      if (target !== undefined) target.gained -= costOf(edge);
    }
  }
  return sequence;
}

function candidateOf(vertex: Vertex): Candidate {
  const candidate: Candidate = { vertex, open: 0, hardOpen: 0, gained: 0 };
  for (const { edge } of vertex.entering) candidate.gained += costOf(edge);
  for (const { edge } of vertex.leaving) {
    if (edge.hard) candidate.hardOpen += 1;
    else candidate.open += costOf(edge);
  }
  return candidate;
}

/** The first where several cost the same. @throws Error where every candidate waits for a hard target */
function cheapestOf(candidates: Iterable<Candidate>): Candidate {
  let cheapest: Candidate | null = null;
  for (const candidate of candidates) {
    if (candidate.hardOpen > 0) continue;
    if (cheapest === null || candidate.open - candidate.gained < cheapest.open - cheapest.gained) cheapest = candidate;
  }
  if (cheapest === null) throw new Error('the graph has a cycle of references that cannot be deferred');
  return cheapest;
}
