import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { rowsOf } from '../support/plainSql.ts';
import { countQueued, readProcesses } from '../support/processes.ts';
import { until } from '../support/until.ts';

/** In the order in which a run reaches them; the batches are small, so each comes by several times. */
const places = [
  'clear:before=kill',
  'clear:after=kill',
  'emptyClose:after=kill@2',
  'empty:before=kill',
  'empty:after=kill@2',
  '(System).Activity_Output/empty:after=kill',
  '(System).Activity/empty:after=kill',
  '(System).Activity/emptyClose:after=kill',
  '(System).Process/emptyCommit:after=kill',
];

describe('workers killed while the destination is emptied', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('emptying_killed', { rows: 300, orphans: false });
  }, 300_000);
  afterAll(() => migration?.cleanUp());

  it('leave there what the source has, once, and nothing deleted twice', async () => {
    const { environments, start, startWorker } = migration;
    const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
    const run = await start('killed', { destinationData: 'delete', batchRows: 20, concurrency: 1 });
    for (const place of places) {
      const worker = startWorker({ CARAVEL_FAILPOINTS: place });
      const ended = await Promise.race([worker.ended, run.result().then(() => 'the run ended without passing it')]);
      expect(ended, `${place}\n${worker.output()}`).toBe('SIGKILL');
    }
    const last = startWorker();
    const result = await run.result();
    await last.stop();
    expect(result.status).toBe('completed');
    expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
    const count = async (url: string, table: string) => {
      const [row] = await rowsOf(url, `SELECT count(*) AS "all" FROM "${table}"`);
      return Number(row!.all);
    };
    expect(await count(destination, 'OSUSR_k4w_OrderLine')).toBe(await count(source, 'OSUSR_a1b_OrderLine'));
    expect(await count(destination, 'OSUSR_k4w_Order1')).toBe(await count(source, 'OSUSR_a1b_Order'));
    expect(await readProcesses(destination, () => true)).toEqual(
      await readProcesses(source, (label) => label.includes(' production ')),
    );
    expect(await countQueued(destination)).toBe(0);
  }, 300_000);

  it('frozen while it deletes, a worker that wakes later deletes nothing of what was written since', async () => {
    const { environments, start, startWorker } = migration;
    const run = await start('frozen', { destinationData: 'delete', batchRows: 50, concurrency: 1 });
    const frozen = startWorker({ CARAVEL_FAILPOINTS: 'Sales.OrderLine/emptyCommit:after=stop' });
    await until('it sleeps', async () => frozen.isFrozen(), 120);
    startWorker();
    const result = await run.result();
    expect(result.status).toBe('completed');
    frozen.process.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const { code, stdout } = await migration.caravel('verify', 'frozen');
    expect(code, stdout).toBe(0);
    expect(environments.destination.rows).toBeGreaterThan(0);
  }, 300_000);
});
