import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { taskQueue } from '../../src/runs/contract.ts';
import { retryIssues } from '../../workflows/index.ts';
import { approve, pause, resume } from '../../workflows/messages.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { until } from '../support/until.ts';

/** `npm run histories`: writes the histories that test/workflows/replay.test.ts replays. */
const folder = fileURLToPath(new URL('../workflows/histories', import.meta.url));

let migration: MigrationTest;
beforeAll(async () => {
  migration = await createMigrationTest('histories', { rows: 400, orphans: true });
  migration.startWorker();
}, 300_000);
afterAll(() => migration?.cleanUp());

test('histories of runs are written down', async () => {
  const steered = await migration.start('steered', { approval: true, batchRows: 20, missingReferences: 'skip' });
  await steered.signal(approve, 'an operator');
  await until('rows are being copied', async () => (await migration.inserted('steered')) > 100);
  await steered.signal(pause);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await steered.signal(resume);
  await until('it goes on', async () => (await migration.inserted('steered')) > 200);
  await steered.cancel();
  await expect(steered.result()).rejects.toThrow();

  const plain = await migration.start('plain', { missingReferences: 'skip' });
  const { status } = await plain.result();
  expect(status).toBe('completedWithIssues');
  const retry = { workflowId: 'retry', taskQueue, args: ['plain'] as [string] };
  await migration.client.workflow.execute(retryIssues, retry);

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const id of ['steered', 'plain', 'plain/Sales.Order', 'plain/Sales.CustomerNote/references', 'retry']) {
    const history = await migration.client.workflow.getHandle(id).fetchHistory();
    const document = { workflow: id, history: JSON.parse(historyToJSON(history), withoutPlaces) };
    writeFileSync(path.join(folder, `${id.replaceAll('/', '_')}.json`), `${JSON.stringify(document)}\n`);
  }
}, 300_000);

/** Neither the machine nor its folders are anybody's business. */
function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return '';
  if (key === 'identity') return 'a worker';
  return typeof value === 'string' ? value.replaceAll(hostname(), 'machine') : value;
}
