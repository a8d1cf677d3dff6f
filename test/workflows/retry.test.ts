import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest, type WorkerProcess } from '../support/migration.ts';
import { rowsOf, runOn } from '../support/plainSql.ts';
import { readProcesses } from '../support/processes.ts';

/** What the destination does not take, and how it is mended. */
const refusing = [
  `ALTER TABLE "OSUSR_k4w_Order1" ADD CONSTRAINT no_sixth CHECK ("NUMBER" <> 'SO00000006')`,
  `UPDATE "OSSYS_BPM_PROCESS_DEFINITION" SET "IS_ACTIVE" = 'false' WHERE "NAME" = 'CreditCheck'`,
];
const mended = [
  'ALTER TABLE "OSUSR_k4w_Order1" DROP CONSTRAINT no_sixth',
  `UPDATE "OSSYS_BPM_PROCESS_DEFINITION" SET "IS_ACTIVE" = 'true' WHERE "NAME" = 'CreditCheck'`,
];

let migration: MigrationTest;
let worker: WorkerProcess;
let source: string;
let destination: string;
beforeAll(async () => {
  migration = await createMigrationTest('retry', { rows: 300, orphans: false });
  source = migration.environments.source.ownerUrl;
  destination = migration.environments.destination.ownerUrl;
  await runOn(destination, ...refusing);
  // A line whose warehouse nobody knows, until somebody enters it.
  await runOn(
    source,
    `UPDATE "OSUSR_a1b_OrderLine" SET "WAREHOUSECODE" = 'NOWHERE' WHERE "ID" = (SELECT max("ID") FROM "OSUSR_a1b_OrderLine")`,
  );
}, 300_000);
afterAll(() => migration?.cleanUp());

interface Listed {
  open: number;
  groups: { entity: string; code: string; constraint: string | null; rows: number; state: string }[];
}
const issuesOf = async (id: string) => {
  const { code, stdout } = await migration.caravel('issues', id, '--json');
  return { code, ...(JSON.parse(stdout) as Listed) };
};
const isProduction = (label: string) => label.includes(' production ');

describe('what a run sets aside', () => {
  it('is listed by entity, constraint and reason, with what depends on it; the proof says the rest is there', async () => {
    worker = migration.startWorker();
    const spec = { rowErrors: 'setAside', missingReferences: 'skip' } as const;
    const result = await (await migration.start('first', spec)).result();
    expect(result.status).toBe('completedWithIssues');
    const { code, open, groups } = await issuesOf('first');
    expect(code).toBe(3);
    expect(open).toBe(result.issues);
    const named = (entity: string) => groups.filter((group) => group.entity === entity);
    expect(named('Order')).toContainEqual(
      expect.objectContaining({ code: 'invalid-value', constraint: 'no_sixth', rows: 1, state: 'open' }),
    );
    // An order whose invoice was set aside after it had been written.
    expect(named('Order').map((group) => group.code)).toContain('reference-left-null');
    expect(named('OrderLine').every((group) => group.code === 'missing-reference')).toBe(true);
    expect(named('Process')[0]!.code).toBe('process-definition-missing');
    const { code: listed, stdout } = await migration.caravel('issues', 'first');
    expect(listed).toBe(3);
    expect(stdout).toContain("'caravel retry-issues first' migrates them once the cause is mended");
    expect((await migration.caravel('verify', 'first')).code).toBe(3);
  }, 300_000);

  it('is set aside again, with the reasons of now, when nothing was mended', async () => {
    const before = await issuesOf('first');
    const { code, stderr } = await migration.caravel('retry-issues', 'first');
    expect(code, stderr).toBe(3);
    const after = await issuesOf('first');
    expect(after.open).toBe(before.open);
    expect(after.groups).toEqual(before.groups);
    expect((await issuesOf('first-retry-1')).open).toBe(before.open);
  }, 300_000);

  it('is migrated after the cause was mended, that alone, also when a worker dies over it', async () => {
    await runOn(destination, ...mended);
    await runOn(
      source,
      `INSERT INTO "OSUSR_q0z_Warehouse" ("CODE", "NAME") VALUES ('NOWHERE', 'found at last')`,
      `INSERT INTO "OSUSR_q0z_Warehouse" ("CODE", "NAME") VALUES ('NEW', 'came later')`,
    );
    await worker.stop();
    const dying = migration.startWorker({ CARAVEL_FAILPOINTS: 'Sales.Order/commit:after=kill' });
    const retried = migration.caravel('retry-issues', 'first');
    expect(await dying.ended).toBe('SIGKILL');
    worker = migration.startWorker();
    const { code, stdout, stderr } = await retried;
    expect(code, stdout + stderr).toBe(0);
    const { open, groups, code: none } = await issuesOf('first');
    expect({ open, none }).toEqual({ open: 0, none: 0 });
    expect(groups.every(({ state }) => state === 'resolved')).toBe(true);
    expect(
      await rowsOf(destination, `SELECT "CODE" FROM "OSUSR_x6n_Warehouse" WHERE "CODE" IN ('NEW', 'NOWHERE')`),
    ).toEqual([{ CODE: 'NOWHERE' }]);
    await runOn(source, `DELETE FROM "OSUSR_q0z_Warehouse" WHERE "CODE" = 'NEW'`);
    expect(await readProcesses(destination, isProduction)).toEqual(await readProcesses(source, isProduction));
    expect(await migration.differences()).toEqual([]);
    const verified = await migration.caravel('verify', 'first');
    expect(verified.code, verified.stdout).toBe(0);
    expect(await migration.caravel('retry-issues', 'first')).toMatchObject({
      code: 0,
      stdout: "run 'first' has set no rows aside that are not migrated yet\n",
    });
  }, 300_000);
});

describe('a retry', () => {
  it('is refused while the run that set the rows aside goes on, and takes its place once that was terminated', async () => {
    await runOn(destination, `ALTER TABLE "OSUSR_k4w_Campaign" ADD CONSTRAINT no_campaign CHECK ("NAME" <> 'refused')`);
    await runOn(
      source,
      `INSERT INTO "OSUSR_a1b_Campaign" ("NAME", "TENANT_ID") SELECT 'refused', max("TENANT_ID") FROM "OSUSR_a1b_Campaign"`,
    );
    await worker.stop();
    const dying = migration.startWorker({ CARAVEL_FAILPOINTS: 'Sales.OrderLine/lock:before=kill' });
    const handle = await migration.start('open', { rowErrors: 'setAside', missingReferences: 'skip', verify: 'none' });
    const passed = handle.result().then(() => 'the run ended without passing the place');
    expect(await Promise.race([dying.ended, passed])).toBe('SIGKILL');
    expect((await migration.caravel('issues', 'open')).code).toBe(3);
    const refused = await migration.caravel('retry-issues', 'open');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("run 'open' has not ended; wait for it, or end it with 'caravel cancel open'");
    await handle.terminate();
    migration.startWorker();
    await runOn(destination, 'ALTER TABLE "OSUSR_k4w_Campaign" DROP CONSTRAINT no_campaign');
    const { code, stdout, stderr } = await migration.caravel('retry-issues', 'open');
    expect(code, stdout + stderr).toBe(0);
    const arrived = await rowsOf(destination, `SELECT "ID" FROM "OSUSR_k4w_Campaign" WHERE "NAME" = 'refused'`);
    expect(arrived.length).toBe(1);
  }, 300_000);
});
