import { describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { until } from '../support/until.ts';

/** What the attempt now under way at the order lines last said in a heartbeat. */
async function said(migration: MigrationTest): Promise<string> {
  const { raw } = await migration.client.workflow.getHandle('zombie/Sales.OrderLine').describe();
  const [details] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
  return details?.data ? Buffer.from(details.data).toString() : '';
}

describe('a worker stopped (SIGSTOP) in mid-batch, taken for dead, and woken later', () => {
  it.each([
    ['before it took the lock', 'lock:before', 'goes on'],
    ['with its rows inserted and the lock held', 'insert:after', 'waits'],
    ['between its commit and the segment', 'commit:after', 'goes on'],
  ])(
    '%s: nothing is lost or doubled',
    async (_, place, second) => {
      const migration = await createMigrationTest(`zombie_${place.replace(':', '_')}`, { rows: 600 });
      try {
        const run = await migration.start('zombie', { batchRows: 50, concurrency: 1 });
        const zombie = migration.startWorker({ CARAVEL_FAILPOINTS: `Sales.OrderLine/${place}=stop@3` });
        await until(`${place} reached`, async () => zombie.isFrozen(), 120);
        const before = await migration.inserted('zombie');
        migration.startWorker();
        // The server may hand some tasks to the stopped worker's open polls first; each takes a heartbeat's time to
        // come back.
        const takenOver =
          second === 'waits'
            ? async () => (await said(migration)).includes('another worker holds')
            : async () => (await migration.inserted('zombie')) > before;
        await until(`the second attempt ${second}`, takenOver, 150);
        zombie.process.kill('SIGCONT');
        const result = await run.result();
        await zombie.stop(); // whatever it still wanted to write, it has written now
        expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
        expect(await migration.differences()).toEqual([]);
      } finally {
        await migration.cleanUp();
      }
    },
    400_000,
  );
});
