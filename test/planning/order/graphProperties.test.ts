import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakCycles } from '../../../src/planning/order/cycles.ts';
import { type Edge, type Graph, stronglyConnectedComponents } from '../../../src/planning/order/graph.ts';
import { writingOrder } from '../../../src/planning/order/writingOrder.ts';

const edge = (from: number, to: number, weight = 1, hard = false): Edge => ({ from, to, weight, hard });

/** Hard edges lead to lower numbers only, as 1:1 identifiers do where the model makes sense. */
const graphs = (most: number): fc.Arbitrary<Graph> =>
  fc.integer({ min: 1, max: most }).chain((nodes) =>
    fc
      .array(
        fc.record({
          from: fc.nat(nodes - 1),
          to: fc.nat(nodes - 1),
          weight: fc.nat(1000),
          hard: fc.integer({ min: 0, max: 5 }).map((chance) => chance === 0),
        }),
        { maxLength: nodes * 3 },
      )
      .map((edges) => ({
        nodes,
        edges: edges.map((one) => ({ ...one, hard: one.hard && one.to < one.from })),
      })),
  );

function reachable({ nodes, edges }: Graph): boolean[][] {
  const matrix = Array.from({ length: nodes }, (_, from) => Array.from({ length: nodes }, (_, to) => from === to));
  for (const { from, to } of edges) matrix[from]![to] = true;
  for (let via = 0; via < nodes; via++) {
    for (let from = 0; from < nodes; from++) {
      for (let to = 0; to < nodes; to++) matrix[from]![to] ||= matrix[from]![via]! && matrix[via]![to]!;
    }
  }
  return matrix;
}

const costOf = (graph: Graph, deferred: Iterable<number>) =>
  [...deferred]
    .map((number) => graph.edges[number]!)
    .filter(({ from, to }) => from !== to)
    .reduce((sum, { weight }) => sum + weight, 0);

/** Least cost by trying every order of writing. */
function leastCost(graph: Graph): number {
  let best = Number.POSITIVE_INFINITY;
  const extend = (written: number[]) => {
    if (written.length === graph.nodes) {
      const late = graph.edges.filter(({ from, to }) => from !== to && written.indexOf(to) > written.indexOf(from));
      if (late.every(({ hard }) => !hard))
        best = Math.min(
          best,
          late.reduce((sum, { weight }) => sum + weight, 0),
        );
      return;
    }
    for (let node = 0; node < graph.nodes; node++) if (!written.includes(node)) extend([...written, node]);
  };
  extend([]);
  return best;
}

describe('strongly connected components', () => {
  it('hold exactly the nodes that reach each other', () => {
    fc.assert(
      fc.property(graphs(12), (graph) => {
        const components = stronglyConnectedComponents(graph);
        const reach = reachable(graph);
        const componentOf = new Map(components.flatMap((members, number) => members.map((node) => [node, number])));
        expect(componentOf.size).toBe(graph.nodes);
        for (let left = 0; left < graph.nodes; left++) {
          for (let right = 0; right < graph.nodes; right++) {
            expect(componentOf.get(left) === componentOf.get(right)).toBe(reach[left]![right]! && reach[right]![left]!);
          }
        }
      }),
    );
  });
});

describe('the order of writing', () => {
  for (const [size, most, runs] of [
    ['small', 9, 300],
    ['large', 60, 60],
  ] as const) {
    it(`has every target first once the deferred references are left out (${size} graphs)`, () => {
      fc.assert(
        fc.property(graphs(most), (graph) => {
          const { deferred, impossible } = breakCycles(graph);
          expect(impossible).toEqual([]);
          const { sequence } = writingOrder(graph, deferred);
          expect([...sequence].sort((left, right) => left - right)).toEqual(sequence.map((_, node) => node));
          graph.edges.forEach(({ from, to, hard }, number) => {
            if (deferred.has(number)) expect(hard).toBe(false);
            else expect(sequence.indexOf(to)).toBeLessThan(sequence.indexOf(from));
          });
        }),
        { numRuns: runs },
      );
    });
  }

  it('defers only references within a component, and none that could stay', () => {
    fc.assert(
      fc.property(graphs(20), (graph) => {
        const { deferred } = breakCycles(graph);
        const reach = reachable(graph);
        for (const number of deferred) {
          const { from, to } = graph.edges[number]!;
          expect(reach[to]![from]).toBe(true);
          if (from === to) continue;
          const others = graph.edges.filter((_, other) => !deferred.has(other));
          expect(reachable({ nodes: graph.nodes, edges: others })[to]![from]).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the entities of a component together', () => {
    fc.assert(
      fc.property(graphs(25), (graph) => {
        const { sequence, component } = writingOrder(graph, breakCycles(graph).deferred);
        const ordinals = sequence.map((node) => component[node]!);
        expect(ordinals).toEqual([...ordinals].sort((left, right) => left - right));
      }),
    );
  });

  it('is the same every time', () => {
    fc.assert(
      fc.property(graphs(30), (graph) => {
        const again = structuredClone(graph);
        expect(breakCycles(again)).toEqual(breakCycles(graph));
      }),
      { numRuns: 30 },
    );
  });

  it('holds for a chain and a ring of 3,000 entities', () => {
    const ring = Array.from({ length: 3000 }, (_, node) => edge(node, (node + 1) % 3000, node === 1234 ? 1 : 10));
    const graph = { nodes: 3000, edges: ring };
    const { deferred } = breakCycles(graph);
    expect(deferred.size).toBe(1);
    const chain = { nodes: 3000, edges: ring.slice(0, -1) };
    expect(writingOrder(chain, new Set()).sequence[0]).toBe(2999);
  });
});

describe('breaking cycles', () => {
  it('costs no more than any other way, for components of up to six entities', () => {
    fc.assert(
      fc.property(graphs(6), (graph) => {
        expect(costOf(graph, breakCycles(graph).deferred)).toBe(leastCost(graph));
      }),
      { numRuns: 150 },
    );
  });
});
