import { describe, expect, it } from 'vitest';
import { breakCycles } from '../../../src/planning/order/cycles.ts';
import type { Edge } from '../../../src/planning/order/graph.ts';

const edge = (from: number, to: number, weight = 1, hard = false): Edge => ({ from, to, weight, hard });

describe('breaking cycles', () => {
  it('defers the reference that fewest rows hold', () => {
    const graph = { nodes: 3, edges: [edge(0, 1, 500), edge(1, 2, 20), edge(2, 0, 300)] };
    expect([...breakCycles(graph).deferred]).toEqual([1]);
  });

  it('defers self references, and nothing else on their account', () => {
    const graph = { nodes: 2, edges: [edge(0, 0), edge(1, 0)] };
    expect([...breakCycles(graph).deferred]).toEqual([0]);
  });

  it('writes out a cycle of identifiers, the shortest one', () => {
    const graph = {
      nodes: 4,
      edges: [edge(0, 1, 1, true), edge(1, 2, 1, true), edge(2, 0, 1, true), edge(1, 0, 1, true), edge(3, 3, 1, true)],
    };
    const { impossible, deferred } = breakCycles(graph);
    expect(impossible).toEqual([[3], [0, 1]]);
    expect(deferred.size).toBe(0);
  });
});
