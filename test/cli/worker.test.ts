import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

let migration: MigrationTest;
beforeAll(async () => {
  migration = await createMigrationTest('worker', { rows: 300, orphans: false });
}, 120_000);
afterAll(() => migration?.cleanUp());

/** The lines of a worker's log that are objects. */
const logged = (output: string) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { level: string; msg: string; inFlight?: { workflow: string }[]; err?: object });

describe('an exception that nobody catches', () => {
  it('is logged with what the worker was at, and ends it as a defect; another one goes on', async () => {
    const handle = await migration.start('thrown', { batchRows: 100, concurrency: 1 });
    const failing = migration.startWorker({ CARAVEL_FAILPOINTS: 'Sales.OrderLine/insert:after=throw@2' });
    expect(await failing.ended).toBe(70);
    const last = logged(failing.output()).find(({ level }) => level === 'fatal')!;
    expect(last.msg).toContain('uncaught exception');
    expect(last.err).toMatchObject({ message: 'the failpoint Sales.OrderLine/insert:after' });
    expect(last.inFlight!.map(({ workflow }) => workflow)).toContain('thrown/Sales.OrderLine');
    migration.startWorker();
    expect((await handle.result()).status).toBe('completed');
    expect(await migration.differences()).toEqual([]);
  }, 120_000);
});

describe('caravel dev', () => {
  it('puts a new worker in the place of one that ended by itself, and leaves nothing behind', async () => {
    const variables = { ...migration.variables, CARAVEL_FAILPOINTS: 'Sales.OrderLine/commit:after=throw@2' };
    const { TEMPORAL_ADDRESS: _, TEMPORAL_NAMESPACE: __, ...own } = variables as NodeJS.ProcessEnv;
    const dev = spawn(process.execPath, [command, 'dev', '--json'], { env: own, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    dev.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const ended = once(dev, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    try {
      await Promise.race([
        once(createInterface(dev.stdout), 'line'),
        ended.then(() => Promise.reject(new Error(`caravel dev ended: ${output}`))),
      ]);
      // Another destination's name: the first run's maps stay out of the way.
      const spec = path.join(migration.folder, 'spec.json');
      const started = spawn(process.execPath, [command, 'start', spec, '--wait', '--id', 'under-dev'], { env: own });
      const [code] = (await once(started, 'exit')) as [number];
      expect(code, output).toBe(0);
    } finally {
      dev.kill('SIGTERM');
    }
    expect((await ended)[0], output).toBe(0);
    expect(childrenOf(dev.pid!)).toEqual([]);
  }, 120_000);
});

/** Linux: processes whose parent is, or was, this one. */
function childrenOf(pid: number): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').filter((entry) => {
    try {
      return new RegExp(`\\) \\S ${pid} `).test(readFileSync(`/proc/${entry}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });
}
