import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { nodeBinary } from '../support/nodeBinary.ts';

/** The oldest that package.json admits, and the later lines that are still kept. */
const versions = ['20.3.0', '22.23.3', '24.21.0'];

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

let migration: MigrationTest;
let spec: string;
beforeAll(async () => {
  migration = await createMigrationTest('node', { rows: 100, orphans: false });
  spec = path.join(migration.folder, 'small.json');
  writeFileSync(
    spec,
    JSON.stringify({ ...migration.spec, scope: { applications: ['Fleet Care'] }, processes: 'none' }),
  );
}, 120_000);
afterAll(() => migration?.cleanUp());

describe.each(versions)('on Node %s', (version) => {
  let node: string;
  beforeAll(async () => {
    node = await nodeBinary(version);
  }, 120_000);

  const start = (...words: string[]) => {
    // The workflows are bundled by each Node anew.
    const variables = { ...migration.variables, XDG_CACHE_HOME: path.join(migration.folder, `cache-${version}`) };
    const child = spawn(node, [command, ...words], { env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk) => {
        printed[stream] += chunk;
      });
    }
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...printed }));
    return { child, ended };
  };
  const caravel = (...words: string[]) => start(...words).ended;

  it('caravel answers, plans, and a worker of its native parts moves a small application', async () => {
    expect(await caravel('--help')).toMatchObject({ code: 0, stderr: '' });
    const schema = await caravel('schema', 'spec');
    expect(schema).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(schema.stdout)).toHaveProperty('properties');

    const plan = await caravel('plan', spec, '--json');
    expect(plan.code, plan.stderr).toBe(0);

    const worker = start('worker');
    const run = await caravel('start', spec, '--id', `node-${version}`, '--wait', '--json');
    worker.child.kill('SIGTERM');
    expect(run.code, run.stderr).toBe(0);
    const { code, stderr } = await worker.ended;
    expect(code, stderr).toBe(0);
  }, 60_000);
});
