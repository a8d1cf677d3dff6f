import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, describe, expect, it } from 'vitest';
import { readRunningServices, type ServiceAddresses } from '../../src/services/home.ts';
import { onDatabase } from '../../src/services/onDatabase.ts';

const fixture = fileURLToPath(new URL('holdServices.ts', import.meta.url));
// mkdtemp makes it 0700: as root, PostgreSQL's account cannot enter it.
const folder = mkdtempSync(path.join(tmpdir(), 'caravel-homes-'));
const home = path.join(folder, 'home');
const otherHome = path.join(folder, 'other');
const started: ChildProcess[] = [];

interface Held {
  child: ChildProcess;
  addresses: ServiceAddresses;
}

function launch(place: string): ChildProcess {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'xx_YY.UTF-8' };
  delete env.TEMPORAL_ADDRESS;
  const child = spawn(process.execPath, ['--import', 'tsx', fixture, place], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  return child;
}

async function hold(place: string): Promise<Held> {
  const child = launch(place);
  let message = '';
  child.stderr!.on('data', (chunk) => {
    message += chunk;
  });
  const line = await Promise.race([
    once(createInterface(child.stdout!), 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error(`did not start: ${message}`))),
  ]);
  return { child, addresses: JSON.parse(line[0] as string) as ServiceAddresses };
}

/** The services' processes on a home, by the path in their command lines (Linux) or their recorded ids. */
function serversOf(place: string): number[] {
  const files = ['postgres/postgres.pid', 'temporal/temporal.pid'].map((file) => path.join(place, file));
  return files.filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, 'utf8')).pid as number);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pids: number[]): Promise<void> {
  expect(pids).toHaveLength(2);
  for (const deadline = Date.now() + 15_000; pids.some(isThere); ) {
    if (Date.now() > deadline) expect(pids.filter(isThere), 'servers still running').toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  return onDatabase(url, async (client) => (await client.query(statement)).rows);
}

afterAll(() => {
  for (const child of started) {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
  }
  for (const place of [home, otherHome]) {
    const note = path.join(place, 'postgres', 'data-is-in');
    if (existsSync(note)) rmSync(readFileSync(note, 'utf8').trim(), { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
});

describe('the services of a home', () => {
  it('run side by side with those of another, survive kill -9 of their process without a trace, and keep their state', async () => {
    const [first, second] = await Promise.all([hold(home), hold(otherHome)]);
    expect(new Set([...Object.values(first.addresses), ...Object.values(second.addresses)]).size).toBe(6);
    expect(readRunningServices(home)).toEqual({ ...first.addresses, pid: first.child.pid });
    const connection = await Connection.connect({ address: first.addresses.temporal });
    await connection.workflowService.registerNamespace({
      namespace: 'kept',
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await connection.close();
    expect((await fetch(second.addresses.ui!)).status).toBe(200);
    await query(first.addresses.journal, `create table kept as select upper('éß') as text`);

    const refused = launch(home);
    let message = '';
    refused.stderr!.on('data', (chunk) => {
      message += chunk;
    });
    const [code] = (await once(refused, 'close')) as [number];
    expect([code, message.trim().split('\n').length]).toEqual([69, 1]);
    expect(message).toContain(`already runs on ${home} (process ${first.child.pid})`);

    const servers = serversOf(home);
    first.child.kill('SIGKILL');
    await untilGone(servers);
    expect(readRunningServices(home)).toBeNull();

    const again = await hold(home);
    expect(again.addresses).toEqual(first.addresses);
    expect(await query(again.addresses.journal, 'select text from kept')).toEqual([{ text: 'Éß' }]);
    const reconnected = await Connection.connect({ address: again.addresses.temporal });
    await reconnected.workflowService.describeNamespace({ namespace: 'kept' });
    await reconnected.close();

    // Ctrl-C: the whole process group hears it.
    for (const [held, place] of [
      [again, home],
      [second, otherHome],
    ] as const) {
      const both = serversOf(place);
      process.kill(-held.child.pid!, 'SIGINT');
      await untilGone(both);
    }
    expect(readdirSync(home)).not.toContain('postgres.pid');
  });
});
