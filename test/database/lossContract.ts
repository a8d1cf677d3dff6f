import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/database/port.ts';
import type { ContractGround } from './contract.ts';
import { askForOne } from './harness.ts';
import { failureOf, fillForLoss, kindsOfWork, LossyWay } from './loss.ts';

/** Places at which each kind of work is broken, beside its first and last bytes. */
const randomPlaces = 3;

/**
 * What becomes of each kind of work when its connection is lost at any byte: an error that says so, and nothing else.
 */
export function describeLoss(ground: ContractGround): void {
  const kinds = kindsOfWork(ground);

  describe('a connection that is lost', () => {
    let way: LossyWay;
    beforeAll(async () => {
      way = await LossyWay.begin(ground);
      await fillForLoss(ground);
    }, 60_000);
    afterAll(() => way?.end());

    it.each(Object.entries(kinds))(
      'in %s is called unreachable, and the next statement is served',
      async (_, work) => {
        const total = await way.measured(work);
        for (const direction of ['toServer', 'toClient'] as const) {
          const last = total[direction];
          const places = [0, 1, 9, last - 1, ...Array.from({ length: randomPlaces }, () => Math.random() * last)];
          for (const [index, place] of places.entries()) {
            await way.broken(work, index % 2 === 0 ? 'cut' : 'reset', direction, Math.max(0, Math.floor(place)));
          }
        }
      },
      60_000,
    );

    it('at its login is called unreachable, soon, and the next login is served', async () => {
      const { proxy } = way;
      proxy.disarm();
      const before = { toServer: proxy.passed('toServer'), toClient: proxy.passed('toClient') };
      const first = way.open();
      await askForOne(first);
      await first.close();
      for (const direction of ['toServer', 'toClient'] as const) {
        const last = proxy.passed(direction) - before[direction];
        for (let place = 0; place < last; place += Math.ceil(last / 12)) {
          proxy.arm({ kind: place % 2 === 0 ? 'cut' : 'reset', direction, after: { bytes: place } });
          const one = way.open();
          const failure = await failureOf(askForOne(one));
          if (failure !== null) expect(failure, `${direction} ${place}`).toMatchObject({ code: 'unreachable' });
          proxy.disarm();
          await askForOne(one).catch(() => undefined);
          expect(await askForOne(one), `${direction} ${place}`).toBe(1);
          await one.close();
        }
      }
    }, 120_000);

    it('on which nothing comes any more is given up, in every kind of work, and so is a login', async () => {
      const { 'a question': question, 'a read that stops early': _, ...rest } = kinds;
      const cases = [
        ...Object.entries(rest).flatMap(([name, work]) => [
          { name, work, kind: 'stall', direction: 'toClient', share: 0.4 } as const,
          { name, work, kind: 'blackHole', direction: 'toServer', share: 0.6 } as const,
        ]),
        { name: 'a login', work: question!, kind: 'stall', direction: 'toClient', share: null } as const,
        { name: 'a login', work: question!, kind: 'blackHole', direction: 'toServer', share: null } as const,
      ];
      const ways: { stalled: LossyWay; one: Database | null }[] = [];
      // One after the other: what others insert meanwhile makes the ids of a batch, and with them its answer, longer.
      for (const { work, kind, direction, share } of cases) {
        const stalled = await LossyWay.begin(ground);
        const { proxy } = stalled;
        if (share === null) {
          proxy.arm({ kind, direction, after: { bytes: 100 } });
          ways.push({ stalled, one: null });
          continue;
        }
        const one = stalled.open();
        await askForOne(one);
        await work(one);
        const before = proxy.passed(direction);
        await work(one);
        proxy.arm({ kind, direction, after: { bytes: Math.floor((proxy.passed(direction) - before) * share) } });
        ways.push({ stalled, one });
      }
      try {
        process.env.CARAVEL_TIMEOUTS = 'short';
        const databases = await Promise.all(
          ways.map(async ({ stalled, one: opened }, index) => {
            const { name, work, kind, direction, share } = cases[index]!;
            const one = opened ?? stalled.open();
            const failure = await failureOf(work(one));
            // A connection that rested is tried first; where that stalls, another takes its place.
            if (failure !== null || share === null) {
              expect(failure, `${name}, ${kind} ${direction}`).toMatchObject({ code: 'unreachable' });
            }
            expect(stalled.proxy.struck(), `${name}, ${kind} ${direction}`).toBe(true);
            return one;
          }),
        );
        delete process.env.CARAVEL_TIMEOUTS;
        for (const [index, one] of databases.entries()) {
          ways[index]!.stalled.proxy.disarm();
          await askForOne(one).catch(() => undefined);
          expect(await askForOne(one), cases[index]!.name).toBe(1);
          await one.close();
        }
      } finally {
        delete process.env.CARAVEL_TIMEOUTS;
        await Promise.all(ways.map(({ stalled }) => stalled.end()));
      }
    }, 120_000);
  });
}
