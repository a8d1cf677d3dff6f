import { WorkflowFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowBundle } from '../../activities/workflowBundle.ts';
import { applicationTable } from '../../infra/demo/schema/applicationTables.ts';
import { quality } from '../../infra/demo/schema/environments.ts';
import { entityNamed } from '../../infra/demo/schema/factory.ts';
import { pause, progress, resume } from '../../workflows/messages.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { runOn } from '../support/plainSql.ts';
import { until } from '../support/until.ts';

describe('steering a run', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('steering', { rows: 1_500 });
    migration.startWorker();
  }, 300_000);
  afterAll(() => migration?.cleanUp());

  it('pauses within a batch, resumes, is cancelled and leaves a destination that a later run completes', async () => {
    const first = await migration.start('first', { batchRows: 20, concurrency: 2 });
    await until('rows are being copied', async () => (await migration.inserted('first')) > 300);
    await first.signal(pause);
    await until('the run is paused', async () => (await first.query(progress)).paused);
    // Batches in flight are finished; then nothing moves any more.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const held = await migration.inserted('first');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await migration.inserted('first')).toBe(held);

    await first.signal(resume);
    await until('it goes on', async () => (await migration.inserted('first')) > held + 300);
    await first.cancel();
    await expect(first.result()).rejects.toThrow(WorkflowFailedError);
    expect((await first.describe()).status.name).toBe('CANCELLED');
    const status = await migration.caravel('status', 'first', '--json');
    expect(JSON.parse(status.stdout).status).toBe('cancelled');

    const second = await migration.start('second');
    const result = await second.result();
    expect(result.entities.reduce((sum, entity) => sum + entity.known, 0)).toBeGreaterThan(held);
    expect(await migration.differences()).toEqual([]);

    const third = await (await migration.start('third')).result();
    expect(third.entities.reduce((sum, entity) => sum + entity.inserted, 0)).toBe(0);
    expect(await migration.differences()).toEqual([]);
  }, 300_000);

  it('replays: the workflows decide the same again from any history they made', async () => {
    const codePath = await workflowBundle();
    for (const id of ['first', 'second', 'second/Sales.OrderLine', 'second/Sales.CustomerNote/references']) {
      const history = await migration.client.workflow.getHandle(id).fetchHistory();
      await Worker.runReplayHistory({ workflowBundle: { codePath } }, history, id);
    }
  }, 300_000);

  it('refuses a second run on the same destination, and a run id that was used', async () => {
    const holder = await migration.start('holder', { approval: true });
    await until('it waits for approval', async () => (await holder.query(progress)).phase === 'approval');
    await expect((await migration.start('intruder')).result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining("another run, 'holder'") },
    });
    await holder.cancel();
    await expect(holder.result()).rejects.toThrow(WorkflowFailedError);
    await expect((await migration.start('holder')).result()).rejects.toMatchObject({
      cause: { message: expect.stringContaining("run id 'holder' was used before") },
    });
  }, 300_000);

  it('is blocked where the destination no longer holds what the id maps say', async () => {
    const { name } = applicationTable(quality, entityNamed('Fulfilment.ShipmentLine'));
    await runOn(
      migration.environments.destination.ownerUrl,
      `DELETE FROM "${name}" WHERE "ID" IN (SELECT max("ID") FROM "${name}")`,
    );
    await expect((await migration.start('vanished')).result()).rejects.toMatchObject({
      cause: { type: 'PlanBlocked', message: expect.stringContaining('Fulfilment.ShipmentLine: 1 of') },
    });
  }, 300_000);
});
