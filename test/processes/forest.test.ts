import { describe, expect, it } from 'vitest';
import { ProcessForest } from '../../src/processes/forest.ts';
import { buildEnvironment } from '../alignment/environments.ts';

const statuses = {
  OSSYS_BPM_PROCESS_STATUS: [
    ['ID', 'NAME', 'IS_TERMINAL'],
    [1, 'Active', false],
    [2, 'Closed', true],
  ],
};

async function forestOf(processes: (number | null)[][]): Promise<ProcessForest> {
  const columns = ['ID', 'PARENT_PROCESS_ID', 'TOP_PROCESS_ID', 'PROCESS_DEF_ID', 'STATUS_ID'];
  const tables = { ...statuses, OSSYS_BPM_PROCESS: [columns, ...processes] };
  return ProcessForest.read(await buildEnvironment('production', { tables } as never));
}

describe('trees of processes', () => {
  it('are what parents and tops hold together, whichever of the two is there', async () => {
    const forest = await forestOf([
      [10, null, 10, 1, 2],
      [11, 10, 10, 2, 1],
      [12, 11, null, 2, 1],
      [13, 0, 10, 2, 1],
      [20, null, null, 1, 1],
      [21, 20, 20, 3, 2],
      [30, 99, 30, 1, 1],
    ]);
    const tree = (id: string) => forest.treeOf(id);
    expect(forest.size).toBe(7);
    expect(new Set(['10', '11', '12', '13'].map(tree)).size).toBe(1);
    expect(tree('20')).toBe(tree('21'));
    expect(new Set(['10', '20', '30'].map(tree)).size).toBe(3);
    expect([tree('9'), tree('99'), tree('')]).toEqual([undefined, undefined, undefined]);
  });

  it('go on while a root of theirs does, whatever their subprocesses do', async () => {
    const forest = await forestOf([
      [10, null, 10, 1, 2],
      [11, 10, 10, 2, 1],
      [20, null, 20, 1, 1],
      [21, 20, 20, 2, 2],
      // Its parent was deleted: it is a root now.
      [30, 99, 30, 1, 1],
      [40, 99, 40, 1, 2],
      [50, null, 50, 1, null],
    ]);
    const active = forest.activeTrees();
    expect(['10', '20', '30', '40', '50'].map((id) => active.has(forest.treeOf(id)!))).toEqual([
      false,
      true,
      true,
      false,
      true,
    ]);
  });

  it('are found by the definitions in them', async () => {
    const forest = await forestOf([
      [10, null, 10, 1, 1],
      [11, 10, 10, 2, 1],
      [20, null, 20, 3, 1],
    ]);
    expect(forest.treesWith(new Set(['2']))).toEqual(new Set([forest.treeOf('10')]));
    expect(forest.definitionsOf(forest.treesWith(new Set(['2'])))).toEqual(new Set(['1', '2']));
    expect([...forest.processes()].map(({ id }) => id)).toEqual(['10', '11', '20']);
  });

  it('are known by their roots, and listed from the leaves up', async () => {
    const forest = await forestOf([
      [10, null, 10, 1, 1],
      [11, 10, 10, 2, 1],
      [12, 13, 10, 2, 1],
      [13, 11, 10, 2, 1],
      [14, 0, 10, 2, 1],
      [20, null, 20, 2, 1],
      [21, 20, 20, 1, 1],
    ]);
    const trees = forest.treesRootedIn(new Set(['1']));
    expect(trees).toEqual(new Set([forest.treeOf('10')]));
    expect(forest.upwards(trees)).toEqual(['12', '13', '11', '14', '10']);
    expect(forest.upwards(forest.treesRootedIn(new Set(['2'])))).toEqual(['21', '20']);
  });

  it('are listed whole even where they bite their own tail', async () => {
    const forest = await forestOf([
      [10, 12, 10, 1, 1],
      [11, 10, 10, 1, 1],
      [12, 11, 10, 1, 1],
    ]);
    const all = new Set([forest.treeOf('10')!]);
    expect([...forest.upwards(all)].sort()).toEqual(['10', '11', '12']);
  });
});
