import { describe, expect, test } from 'vitest';
import type { Fault } from './actors.ts';
import { explore } from './story.ts';

describe('the batch protocol, in every order of its steps that is tried', () => {
  test('brings each row once where one worker after another is killed, anywhere', async () => {
    const { failed, errorInstance } = await explore(['kill'], { numRuns: 300 });
    expect(failed, String(errorInstance)).toBe(false);
  }, 60_000);

  test('brings each row once where a database ends sessions in the middle', async () => {
    const { failed, errorInstance } = await explore(['endSession', 'endJournalSession'], { numRuns: 300 });
    expect(failed, String(errorInstance)).toBe(false);
  }, 60_000);
});

/**
 * What the protocol does not bear yet, each with faults that show it, and the seed with which they are met soon. To be
 * turned round, one by one, as it is mended: then each of them holds for any number of schedules.
 */
const notBorneYet: [string, Fault['what'][], number, RegExp][] = [
  ['a batch is taken for absent whose rows an application changed meanwhile', ['kill', 'update'], 11, /doubled/],
  ['a batch is taken for absent under another plan', ['kill', 'newRun'], 11, /doubled/],
  ["an application's row of the same content is taken for the batch", ['kill', 'insert'], 26, /lost/],
  ['a run that had ended writes', ['freeze', 'thaw', 'newRun'], 4, /written by a run that had ended/],
];

describe('what the protocol does not bear yet', () => {
  test.each(notBorneYet)(
    '%s',
    async (_, kinds, seed, way) => {
      const { failed, errorInstance } = await explore(kinds, { numRuns: 3_000, seed, endOnFailure: true }, way);
      expect(failed).toBe(true);
      expect(String(errorInstance)).toMatch(way);
    },
    120_000,
  );

  test('a worker that slept replaces what its successor wrote down', async () => {
    const path = '7987:13:19:20:20:19:19:19:19:19';
    const { failed, errorInstance } = await explore(['freeze', 'thaw'], { seed: 5, path, endOnFailure: true });
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(/doubled/);
  });
});
