import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { progress } from '../../workflows/messages.ts';
import { dialect, types } from '../support/ddl.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { rowsOf, runOn } from '../support/plainSql.ts';
import { until } from '../support/until.ts';

let migration: MigrationTest;
beforeAll(async () => {
  migration = await createMigrationTest('destination', { rows: 300, orphans: false });
  migration.startWorker();
}, 300_000);
afterAll(() => migration?.cleanUp());

const messageOf = (error: unknown) => (error as { cause: { type: string; message: string } }).cause;

describe('a run that waits for approval', () => {
  it('is refused when the definition of what it writes has changed since the plan', async () => {
    const { ownerUrl } = migration.environments.destination;
    const handle = await migration.start('changed', { approval: true });
    await until('it waits', async () => (await handle.query(progress)).phase === 'approval');
    await runOn(ownerUrl, 'ALTER TABLE "OSUSR_k4w_Payment" ADD "CHANNEL" varchar(20)');
    await migration.caravel('approve', 'changed');
    const failure = messageOf(await handle.result().catch((error: unknown) => error));
    expect(failure.type).toBe('SchemaChanged');
    expect(failure.message).toBe(
      'the definition of Sales.Payment changed after the plan was made: what was approved is no longer what would be done; start a new run',
    );
    await runOn(ownerUrl, 'ALTER TABLE "OSUSR_k4w_Payment" DROP COLUMN "CHANNEL"');
    expect(await migration.inserted('changed')).toBe(0);
  }, 300_000);

  it('shows its plan, writes nothing before, and the journal keeps who approved it and when', async () => {
    const handle = await migration.start('approved', { approval: true, scope: { espaces: ['ProductCatalog'] } });
    await until('it waits', async () => (await handle.query(progress)).phase === 'approval');
    const { definition, currentDetails } = await handle.query<{ definition: unknown; currentDetails: string }, []>(
      '__temporal_workflow_metadata',
    );
    expect(definition).toBeDefined();
    expect(currentDetails).toContain('This plan can run.');
    expect(currentDetails).toContain('ProductCatalog.Product');
    expect(await migration.inserted('approved')).toBe(0);
    // Whoever plans meanwhile is told.
    const planned = await migration.caravel('plan', path.join(migration.folder, 'spec.json'), '--json');
    const { warnings } = JSON.parse(planned.stdout) as { warnings: { code: string; message: string }[] };
    expect(warnings.find(({ code }) => code === 'destination-busy')!.message).toContain(
      "the run 'approved' has 'quality'",
    );
    const before = Date.now();
    expect(await migration.caravel('approve', 'approved')).toMatchObject({ code: 0, stderr: '' });
    expect((await handle.result()).status).toBe('completed');
    const { stdout } = await migration.caravel('status', 'approved', '--json');
    const { approval } = JSON.parse(stdout);
    expect(approval.by).toMatch(/^\S+@\S+$/);
    expect(Math.abs(Date.parse(approval.at) - before)).toBeLessThan(60_000);
  }, 300_000);
});

describe('unique indexes of the destination', () => {
  const firstThree = 'ORDER BY "ID" OFFSET 0 ROWS FETCH NEXT 3 ROWS ONLY';

  it('are laid beside the rows to come before anything is written: fail blocks, with counts', async () => {
    const { source, destination } = migration.environments;
    const coming = await rowsOf(source.ownerUrl, `SELECT "NUMBER", "TENANT_ID" FROM "OSUSR_a1b_Order" ${firstThree}`);
    const there = await rowsOf(destination.ownerUrl, `SELECT "ID" FROM "OSUSR_k4w_Order1" ${firstThree}`);
    const taken = coming.map(({ NUMBER, TENANT_ID }, index) => {
      const tenant = TENANT_ID === '2' ? 5 : 2;
      return `UPDATE "OSUSR_k4w_Order1" SET "NUMBER" = '${NUMBER}', "TENANT_ID" = ${tenant} WHERE "ID" = ${there[index]!.ID}`;
    });
    await runOn(destination.ownerUrl, ...taken, 'DELETE FROM "OSSYS_BPM_EVENT_QUEUE"');
    const failure = messageOf(await (await migration.start('conflicting')).result().catch((error: unknown) => error));
    expect(failure).toMatchObject({ type: 'PlanBlocked' });
    expect(failure.message).toContain(
      `Sales.Order: 'quality' has the NUMBER, TENANT_ID of 3 rows to come already, and there it is unique`,
    );
    expect(await migration.inserted('conflicting')).toBe(0);
  }, 300_000);

  it('reuse maps to the rows that are there, and writes nothing to them', async () => {
    const { ownerUrl } = migration.environments.destination;
    const taken = `SELECT * FROM "OSUSR_k4w_Order1" WHERE "NUMBER" LIKE 'SO%' ORDER BY "ID"`;
    const before = await rowsOf(ownerUrl, taken);
    const result = await (await migration.start('reusing', { conflicts: 'reuse' })).result();
    expect(result.status).toBe('completed');
    expect(result.entities.find(({ entity }) => entity === 'Order')).toMatchObject({ reused: 3, verified: true });
    const after = await rowsOf(ownerUrl, taken);
    for (const row of before) expect(after).toContainEqual(row);
    const reused = before.map(({ ID }) => ID).join();
    const lines = await rowsOf(ownerUrl, `SELECT "ID" FROM "OSUSR_k4w_OrderLine" WHERE "ORDERID" IN (${reused})`);
    expect(lines.length).toBeGreaterThan(0);
    expect((await migration.caravel('verify', 'reusing')).code).toBe(0);
    // What earlier runs brought is no conflict: the plan asks the journal.
    const planned = await migration.caravel('plan', path.join(migration.folder, 'spec.json'));
    expect(planned).toMatchObject({ code: 0, stderr: '' });
  }, 300_000);
});

describe('a value that is too long for the destination', () => {
  it('is set aside, by blanks alone too, and the proof agrees', async () => {
    const { source, destination } = migration.environments;
    const campaigns = await rowsOf(source.ownerUrl, 'SELECT "NAME", "TENANT_ID" FROM "OSUSR_a1b_Campaign"');
    const longest = Math.max(...campaigns.map(({ NAME }) => NAME!.length));
    await runOn(destination.ownerUrl, dialect.changeType('OSUSR_k4w_Campaign', 'NAME', types.textUpTo(longest)));
    const more = ['blanks'.padEnd(longest + 1), 'x'.repeat(longest + 1), 'fits'].map(
      (name) => `INSERT INTO "OSUSR_a1b_Campaign" ("NAME", "TENANT_ID") VALUES ('${name}', ${campaigns[0]!.TENANT_ID})`,
    );
    await runOn(source.ownerUrl, ...more);
    const strict = await (await migration.start('strict')).result().catch((error: unknown) => error);
    expect(messageOf(strict).message).toContain('2 values do not fit without loss');
    const result = await (await migration.start('aside', { rowErrors: 'setAside' })).result();
    expect(result).toMatchObject({ status: 'completedWithIssues', issues: 2 });
    expect(result.entities.find(({ entity }) => entity === 'Campaign')).toMatchObject({ inserted: 1, setAside: 2 });
    expect((await migration.caravel('verify', 'aside')).code).toBe(3);
    const { stdout } = await migration.caravel('issues', 'aside', '--csv');
    expect(stdout.match(/,truncation,/g)).toHaveLength(2);
  }, 300_000);
});
