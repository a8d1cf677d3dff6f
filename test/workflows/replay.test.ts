import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../activities/workflowBundle.ts';

const folder = new URL('./histories/', import.meta.url);
const histories = readdirSync(fileURLToPath(folder));

/** Runs outlive a worker's release: what was decided once must be decided again. `npm run histories` records them. */
test.each(histories)('the workflows decide the same again: %s', async (file) => {
  const codePath = await workflowBundle();
  const { workflow, history } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  await Worker.runReplayHistory({ workflowBundle: { codePath } }, historyFromJSON(history), workflow);
});

test('there are histories of each workflow', () => {
  expect(histories.length).toBeGreaterThan(4);
});
