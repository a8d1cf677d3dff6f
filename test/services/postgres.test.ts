import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from '../../src/services/postgres.ts';
import { postgresAccount } from '../../src/services/postgresAccount.ts';

async function query(server: PostgresServer, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data in a folder that its account cannot enter, privately, and refuses a second process there', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'caravel-closed-'));
    const dataDirectory = path.join(folder, 'postgres');
    let place = dataDirectory;
    try {
      const server = await startPostgres({ dataDirectory, durable: false });
      const [row] = await query(server, "select current_setting('data_directory') as directory");
      const directory = row!.directory as string;
      place = path.dirname(directory);
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      if (postgresAccount() !== null) {
        expect(readFileSync(path.join(dataDirectory, 'data-is-in'), 'utf8').trim()).toBe(place);
        expect(statSync(directory).uid).toBe(postgresAccount()!.uid);
      }
      await expect(startPostgres({ dataDirectory })).rejects.toThrow(`in use by process ${process.pid}`);

      await query(server, 'create table kept as select 1 as one');
      await server.stop();
      // As after a restart of the machine: the id in postmaster.pid now belongs to another program.
      writeFileSync(path.join(directory, 'postmaster.pid'), `${process.pid}\n${directory}\n`);
      const again = await startPostgres({ dataDirectory, durable: false });
      expect(await query(again, 'select one from kept')).toEqual([{ one: 1 }]);
      await again.stop();
      await expect(
        startPostgres({ dataDirectory, port: Number(new URL(process.env.CARAVEL_TEST_POSTGRES!).port) }),
      ).rejects.toThrow('is in use; choose another');
    } finally {
      rmSync(place, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('comes back on the same port after a crash, and leaves nothing when stopped', async () => {
    const server = await startPostgres({ name: 'outage', durable: false, settings: { max_connections: '17' } });
    await query(server, 'create table kept as select 1 as one');
    await server.crash();
    await expect(query(server, 'select 1')).rejects.toThrow('ECONNREFUSED');
    await server.start();
    expect(await query(server, "select one, current_setting('max_connections') as connections from kept")).toEqual([
      { one: 1, connections: '17' },
    ]);
    const { pid, folder } = server;
    await server.stop();
    expect(existsSync(folder)).toBe(false);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
