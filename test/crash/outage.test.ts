import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../infra/services/postgres.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { until } from '../support/until.ts';

describe('the environments’ server goes away for 20 seconds', () => {
  let server: PostgresServer;
  let migration: MigrationTest;
  beforeAll(async () => {
    server = await startPostgres({ name: 'outage' });
    migration = await createMigrationTest('outage', { rows: 4_000, environmentsUrl: server.url });
  });
  afterAll(async () => {
    await migration?.cleanUp();
    await server?.stop();
  });

  it('and the run goes on by itself when it is back', async () => {
    const run = await migration.start('outage', { batchRows: 50, concurrency: 2 });
    const worker = migration.startWorker();
    await until('rows are being copied', async () => (await migration.inserted('outage')) > 500);
    await server.crash();
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    await server.start();
    const result = await run.result();
    expect(result.status).toBe('completed');
    expect(await migration.differences()).toEqual([]);
    expect(worker.process.exitCode).toBeNull();
  }, 240_000);
});
