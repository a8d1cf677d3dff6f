import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../infra/services/postgres.ts';
import { engine, serverUrl } from '../support/engine.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { until } from '../support/until.ts';

const outageMs = 12_000;

/** The way to a server: while it is cut every connection is gone, and no new one is taken. */
interface Way {
  /** The server's URL, by this way. */
  url: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

async function wayTo(server: string): Promise<Way> {
  const there = new URL(server);
  const sockets = new Set<Socket>();
  const door = createServer((client) => {
    const onward = connect(Number(there.port || 1433), there.hostname);
    for (const [from, to] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const { port } = door.address() as AddressInfo;
  return {
    url: Object.assign(new URL(server), { hostname: '127.0.0.1', port: String(port) }).href,
    async cut() {
      const closed = once(door, 'close');
      door.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async mend() {
      door.listen(port, '127.0.0.1');
      await once(door, 'listening');
    },
  };
}

describe('the environments’ server goes away for a while', () => {
  /** On PostgreSQL one of the test's own, which can be crashed; that of SQL Server serves others too. */
  let server: PostgresServer | null = null;
  let way: Way;
  let migration: MigrationTest;
  beforeAll(async () => {
    if (engine === 'postgres') server = await startPostgres({ name: 'outage' });
    way = await wayTo(server?.url ?? serverUrl());
    migration = await createMigrationTest('outage', { rows: 1_000, environmentsUrl: way.url });
  });
  afterAll(async () => {
    await migration?.cleanUp();
    await way?.cut();
    await server?.stop();
  });

  it('and the run goes on by itself when it is back', async () => {
    const run = await migration.start('outage', { batchRows: 25, concurrency: 2 });
    const worker = migration.startWorker();
    const moreThan = (rows: number) => async () => (await migration.inserted('outage')) > rows;
    await until('rows are being copied', moreThan(200));
    await way.cut();
    await pause(outageMs);
    await way.mend();
    if (server !== null) {
      await until('it goes on', moreThan((await migration.inserted('outage')) + 300));
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
