import { describe, expect, it } from 'vitest';
import { Exclusions, noExclusions } from '../../src/processes/exclusions.ts';

describe('process instances that stay behind', () => {
  const exclusions = new Exclusions();
  exclusions.add({ entity: 'process', exclusion: 'leftOut', ids: ['1', '2'] });
  exclusions.add({ entity: 'process', exclusion: 'outside', ids: ['3'] });
  exclusions.add({ entity: 'process', exclusion: 'setAside', reason: 0, ids: ['4'] });
  exclusions.add({ entity: 'process', exclusion: 'setAside', reason: 1, ids: ['5'] });

  it('are told by why they do', () => {
    expect(['1', '3', '4', '6', '', 'x', '1e400'].map((id) => exclusions.of('process', id))).toEqual([
      'leftOut',
      'outside',
      'setAside',
      null,
      null,
      null,
      null,
    ]);
    expect(exclusions.of('activity', '1')).toBeNull();
    expect([exclusions.reasonOf('process', '4'), exclusions.reasonOf('process', '5')]).toEqual([0, 1]);
  });

  it('leave a reference empty only where the spec left its row out', () => {
    const listed = { leftOut: { instances: 'process', all: false } };
    expect(['1', '3', '4', '6'].map((id) => exclusions.leavesOut(listed, id))).toEqual([true, false, false, false]);
    expect(noExclusions.leavesOut({ leftOut: { instances: 'process', all: true } }, '6')).toBe(true);
    expect(exclusions.leavesOut({}, '1')).toBe(false);
  });
});
