import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { until } from '../support/until.ts';

/** The attempt now under way at the entity, and what it last said. */
async function attempt(
  migration: MigrationTest,
  run: string,
): Promise<{ number: number; said: string; closed: boolean }> {
  const { raw, status } = await migration.client.workflow.getHandle(`${run}/Sales.OrderLine`).describe();
  const activity = raw.pendingActivities?.[0];
  const [details] = activity?.heartbeatDetails?.payloads ?? [];
  const closed = status.name !== 'RUNNING';
  return { closed, number: activity?.attempt ?? 0, said: details?.data ? Buffer.from(details.data).toString() : '' };
}

describe('a worker stopped (SIGSTOP) in mid-batch, taken for dead, and woken later', () => {
  it.each([
    ['before it took the lock', 'lock:before', 'goes on'],
    ['with its rows inserted and the lock held', 'insert:after', 'waits'],
    ['between its commit and the segment', 'commit:after', 'goes on'],
  ])(
    '%s: nothing is lost or doubled',
    async (_, place, second) => {
      const migration = await createMigrationTest(`zombie_${place.replace(':', '_')}`, { rows: 2_000 });
      try {
        const run = await migration.start('zombie', { batchRows: 50, concurrency: 1 });
        const zombie = migration.startWorker({ CARAVEL_FAILPOINTS: `Sales.OrderLine/${place}=stop@3` });
        await until(`${place} reached`, async () => state(zombie.process.pid!) === 'T', 120);
        migration.startWorker();
        await until(`the second attempt ${second}`, async () => {
          const { number, said } = await attempt(migration, 'zombie');
          const works = second === 'waits' ? said.includes('another worker holds') : /"rows":[1-9]/.test(said);
          return number >= 2 && works;
        });
        zombie.process.kill('SIGCONT');
        const result = await run.result();
        expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
        expect(await migration.differences()).toEqual([]);
      } finally {
        await migration.cleanUp();
      }
    },
    240_000,
  );
});

/** The process's state letter, T when stopped. */
function state(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}
