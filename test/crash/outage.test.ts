import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/services/postgres.ts';
import { engine, serverUrl } from '../support/engine.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { type FaultyProxy, startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

const outageMs = 12_000;

function wayTo(address: string, port: number): Promise<FaultyProxy> {
  const there = new URL(address.includes('://') ? address : `grpc://${address}`);
  return startProxy({ host: there.hostname, port: Number(there.port || port) });
}

describe('a server goes away for a while', () => {
  /** On PostgreSQL one of the test's own, which can be crashed; that of SQL Server serves others too. */
  let server: PostgresServer | null = null;
  let toEnvironments: FaultyProxy;
  let toTemporal: FaultyProxy;
  let migration: MigrationTest;
  beforeAll(async () => {
    if (engine === 'postgres') server = await startPostgres({ name: 'outage' });
    const url = server?.url ?? serverUrl();
    toEnvironments = await wayTo(url, 1433);
    toTemporal = await wayTo(process.env.CARAVEL_TEST_TEMPORAL!, 7233);
    migration = await createMigrationTest('outage', { rows: 1_000, environmentsUrl: toEnvironments.url(url) });
  });
  afterAll(async () => {
    await migration?.cleanUp();
    await toEnvironments?.close();
    await toTemporal?.close();
    await server?.stop();
  });

  it('the environments’, Temporal, and one while the other is away: the run goes on by itself when they are back', async () => {
    const run = await migration.start('outage', { batchRows: 25, concurrency: 2 });
    const worker = migration.startWorker({ TEMPORAL_ADDRESS: `127.0.0.1:${toTemporal.port}` });
    const goesOn = async (rows: number) => {
      const before = await migration.inserted('outage');
      await until('rows are being copied', async () => (await migration.inserted('outage')) > before + rows);
    };
    await goesOn(200);
    await toEnvironments.goAway('reset');
    await pause(outageMs / 3);
    await toTemporal.goAway();
    await pause(outageMs / 3);
    await toEnvironments.comeBack();
    await pause(outageMs / 3);
    await toTemporal.comeBack();
    for (const kind of ['cut', 'reset', 'stall'] as const) {
      await goesOn(100);
      toTemporal.arm({ kind, direction: 'toClient', after: { messages: 3, framing: 'http2' } });
      await until(`Temporal's answers are ${kind}`, async () => toTemporal.struck());
      if (kind === 'stall') await pause(outageMs / 4);
      toTemporal.disarm();
    }
    if (server !== null) {
      await goesOn(100);
      await server.crash();
      await pause(outageMs);
      await server.start();
    }
    const result = await run.result();
    expect(result.status).toBe('completed');
    expect(await migration.differences()).toEqual([]);
    expect(worker.process.exitCode).toBeNull();
  }, 600_000);
});
