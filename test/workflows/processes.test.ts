import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialect } from '../support/ddl.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { rowsOf, runOn } from '../support/plainSql.ts';
import { countQueued, readProcesses, readSubscriptions } from '../support/processes.ts';
import { acceptNewRows, quickInserts, refuseNewRows, slowInserts } from '../support/tampering.ts';
import { until } from '../support/until.ts';

const ofProduction = (label: string) => label.includes(' production ');
const ofQuality = (label: string) => label.includes(' quality ');
const texts = (subscriptions: { text: string }[]) => subscriptions.map(({ text }) => text).sort();

function migrationOf(name: string, isOrphaned = false): () => MigrationTest {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest(name, { rows: 300, orphans: isOrphaned });
    migration.startWorker();
  }, 300_000);
  afterAll(() => migration?.cleanUp());
  return () => migration;
}

const urlsOf = ({ environments }: MigrationTest) =>
  [environments.source.ownerUrl, environments.destination.ownerUrl] as const;

/** The destination's own subscriptions with those of the migrated activities. */
async function expectedSubscriptions(
  { environments }: MigrationTest,
  before: { text: string }[],
  isMigrated: (label: string) => boolean,
): Promise<string[]> {
  const coming = (await readSubscriptions(environments.source.ownerUrl)).filter(
    ({ isStart, process }) => !isStart && isMigrated(process!),
  );
  expect(coming.length).toBeGreaterThan(10);
  return [...texts(before), ...texts(coming)].sort();
}

describe('processes: all', () => {
  const migration = migrationOf('processes_all');

  it('go on in the destination as the same trees, nothing is started, and subscriptions travel with them', async () => {
    const [source, destination] = urlsOf(migration());
    const [coming, own] = [await readProcesses(source, ofProduction), await readProcesses(destination, ofQuality)];
    const subscriptions = await readSubscriptions(destination);
    expect(coming.length).toBeGreaterThan(60);
    const result = await (await migration().start('all')).result();
    expect(result.status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(coming);
    expect(await readProcesses(destination, ofQuality)).toEqual(own);
    expect(await countQueued(destination)).toBe(0);
    const expected = await expectedSubscriptions(migration(), subscriptions, ofProduction);
    expect(texts(await readSubscriptions(destination))).toEqual(expected);
    expect(await migration().differences()).toEqual([]);
    // Of the application outside the scope.
    const inspections = `SELECT "ID" FROM "OSSYS_BPM_PROCESS" WHERE "LABEL" LIKE 'Inspection%'`;
    expect(await rowsOf(destination, inspections)).toEqual([]);
    const [cleared] = await rowsOf(
      destination,
      `SELECT count(*) AS "all", count("IS_RUNNING_SINCE") + count("IS_RUNNING_AT") + count("LAST_ERROR_ID") AS "kept"
       FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = a."PROCESS_ID" WHERE p."LABEL" LIKE '% production %'`,
    );
    expect(cleared!.kept).toBe('0');
    expect(Number(cleared!.all)).toBeGreaterThan(100);
  }, 300_000);

  it('once: the same again inserts nothing and subscribes nobody twice, and both runs verify', async () => {
    const [, destination] = urlsOf(migration());
    const subscriptions = texts(await readSubscriptions(destination));
    // One that the destination has dealt with since stays gone.
    await runOn(
      destination,
      `DELETE FROM "OSEVT_k4w_Payment" WHERE "_ACTIVITY_ID" = (SELECT max("_ACTIVITY_ID") FROM "OSEVT_k4w_Payment")`,
    );
    const result = await (await migration().start('again')).result();
    expect(result.entities.filter(({ inserted }) => inserted > 0).map(({ entity }) => entity)).toEqual([]);
    const now = texts(await readSubscriptions(destination));
    expect(now.length).toBe(subscriptions.length - 1);
    expect(subscriptions).toEqual(expect.arrayContaining(now));
    for (const id of ['all', 'again']) expect((await migration().caravel('verify', id)).code, id).toBe(0);
    expect(await countQueued(destination)).toBe(0);
  }, 300_000);
});

describe('processes: active', () => {
  const migration = migrationOf('processes_active');

  it('brings the trees whose root goes on; what refers to the others becomes NULL and is counted', async () => {
    const [source, destination] = urlsOf(migration());
    const rows = await rowsOf(
      source,
      `SELECT p."LABEL" AS "label" FROM "OSSYS_BPM_PROCESS" p JOIN "OSSYS_BPM_PROCESS" r ON r."ID" = p."TOP_PROCESS_ID"
       JOIN "OSSYS_BPM_PROCESS_STATUS" s ON s."ID" = r."STATUS_ID" WHERE s."IS_TERMINAL" = 'false' AND p."LABEL" LIKE '% production %'`,
    );
    const active = new Set(rows.map(({ label }) => label!));
    const isActive = (label: string) => active.has(label);
    const coming = await readProcesses(source, isActive);
    const before = await readSubscriptions(destination);
    const result = await (
      await migration().start('active', { processes: 'active', missingReferences: 'fail' })
    ).result();
    expect(result).toMatchObject({ status: 'completed', issues: 0 });
    expect(await readProcesses(destination, ofProduction)).toEqual(coming);
    expect(coming.length).toBe(active.size);
    const count = (name: string) => result.entities.find(({ entity }) => entity === name)!;
    const processes = await rowsOf(source, 'SELECT "ID" FROM "OSSYS_BPM_PROCESS"');
    expect(count('Process')).toMatchObject({ inserted: active.size, leftOut: processes.length - active.size });
    const nulled = await rowsOf(
      source,
      `SELECT o."ID" FROM "OSUSR_a1b_Order" o JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = o."APPROVALPROCESSID"
       WHERE p."LABEL" NOT IN (${[...active].map(dialect.text).join()})`,
    );
    expect(count('Order').nulled).toBe(nulled.length);
    expect(count('ApprovalTask')).toMatchObject({ setAside: 0 });
    expect(count('ApprovalTask').leftOut).toBeGreaterThan(5);
    expect(texts(await readSubscriptions(destination))).toEqual(
      await expectedSubscriptions(migration(), before, isActive),
    );
    expect(await countQueued(destination)).toBe(0);
    expect((await migration().caravel('verify', 'active')).code).toBe(0);
  }, 300_000);

  it('and "all" afterwards brings the rest', async () => {
    const [source, destination] = urlsOf(migration());
    const result = await (await migration().start('rest', { processes: 'all' })).result();
    expect(result.status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
    expect(await countQueued(destination)).toBe(0);
  }, 300_000);
});

describe('processes: none', () => {
  const migration = migrationOf('processes_none');

  it('leaves instances and their 1:1 extensions behind, yet starts nothing', async () => {
    const [, destination] = urlsOf(migration());
    const before = texts(await readSubscriptions(destination));
    const result = await (await migration().start('none', { processes: 'none', missingReferences: 'fail' })).result();
    expect(result).toMatchObject({ status: 'completed', issues: 0 });
    expect(await readProcesses(destination, ofProduction)).toEqual([]);
    expect(result.entities.find(({ entity }) => entity === 'ApprovalTask')).toMatchObject({ inserted: 0 });
    expect(texts(await readSubscriptions(destination))).toEqual(before);
    expect(await countQueued(destination)).toBe(0);
  }, 300_000);
});

describe('a definition that the destination lacks', () => {
  const migration = migrationOf('processes_undefined');

  it('sets whole trees aside, and the references to them follow missingReferences', async () => {
    const [source, destination] = urlsOf(migration());
    await runOn(
      destination,
      `UPDATE "OSSYS_BPM_ACTIVITY_DEFINITION" SET "IS_ACTIVE" = 'false' WHERE "NAME" = 'Finish'`,
    );
    const rows = await rowsOf(
      source,
      `SELECT DISTINCT p."LABEL" AS "label" FROM "OSSYS_BPM_PROCESS" p JOIN "OSSYS_BPM_ACTIVITY" a ON a."PROCESS_ID" = p."TOP_PROCESS_ID"
       WHERE a."NAME" = 'Finish'`,
    );
    const gone = new Set(rows.map(({ label }) => label!));
    expect(gone.size).toBeGreaterThan(10);
    const stays = (label: string) => ofProduction(label) && !gone.has(label);
    const blocked = await (await migration().start('blocked', { missingReferences: 'fail' }))
      .result()
      .catch((error) => error);
    expect(blocked.cause.message).toMatch(
      /ApprovalProcessId refers to a row of \(System\)\.Process that is not migrated/,
    );
    const result = await (await migration().start('undefined', { missingReferences: 'null' })).result();
    expect(result.status).toBe('completedWithIssues');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, stays));
    const { code, stdout } = await migration().caravel('issues', 'undefined', '--json');
    expect(code).toBe(3);
    const issues = JSON.parse(stdout).issues.filter(
      ({ code }: { code: string }) => code === 'process-definition-missing',
    );
    expect(issues.length).toBe(gone.size);
    expect(issues[0].reason).toBe(`'quality' lacks the definition 'Finish' of Activity`);
    expect((await migration().caravel('verify', 'undefined')).code).toBe(3);

    // The cause is mended: a run brings what was set aside.
    await runOn(destination, `UPDATE "OSSYS_BPM_ACTIVITY_DEFINITION" SET "IS_ACTIVE" = 'true' WHERE "NAME" = 'Finish'`);
    expect((await (await migration().start('mended')).result()).status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
  }, 600_000);
});

describe('values and subscriptions whose row is gone', () => {
  const migration = migrationOf('processes_orphaned', true);

  it('become NULL, as the spec says; but a subscription never listens to every row instead of one', async () => {
    const [source, destination] = urlsOf(migration());
    await runOn(
      source,
      `UPDATE "OSEVT_a1b_Payment" SET "ORDERID" = 987654398 WHERE "_ACTIVITY_ID" = (SELECT min("_ACTIVITY_ID") FROM "OSEVT_a1b_Payment")`,
    );
    const result = await (await migration().start('orphaned')).result();
    expect(result.status).toBe('completedWithIssues');
    const { stdout } = await migration().caravel('issues', 'orphaned', '--json');
    expect(JSON.parse(stdout).issues.map(({ code }: { code: string }) => code)).toEqual(['subscription-set-aside']);
    const ofSource = `SELECT "ID" FROM "OSSYS_BPM_PROCESS" WHERE "LABEL" LIKE '% production %'`;
    const unmapped = `"SS_TYPE" LIKE 'bt%' AND "INPUT_VALUE" = '987654399' AND "PROCESS_ID" IN (${ofSource})`;
    const inputs = `SELECT "ID" FROM "OSSYS_BPM_PROCESS_INPUT" WHERE ${unmapped}`;
    const gone = await rowsOf(source, inputs);
    expect(gone.length).toBeGreaterThan(0);
    expect(result.entities.find(({ entity }) => entity === 'Process_Input')!.nulled).toBe(gone.length);
    expect(await rowsOf(destination, inputs)).toEqual([]);
    const any = `SELECT "_ACTIVITY_ID" FROM "OSEVT_k4w_Payment" WHERE "_ACTIVITY_ID" IS NOT NULL AND "ORDERID" IS NULL`;
    expect(await rowsOf(destination, any)).toEqual([]);
    expect(await countQueued(destination)).toBe(0);
  }, 300_000);
});

describe('a run that does not finish', () => {
  const migration = migrationOf('processes_unfinished');

  it('is blocked while events wait in a queue, unless the spec lets them', async () => {
    const [, destination] = urlsOf(migration());
    await runOn(destination, `INSERT INTO "OSSYS_BPM_EVENT" ("ENTITY_RECORD_ID") VALUES ('1')`);
    const blocked = await (await migration().start('queued')).result().catch((error) => error);
    expect(blocked.cause.message).toContain("1 event waits in OSSYS_BPM_EVENT of 'quality'");
    await runOn(destination, 'DELETE FROM "OSSYS_BPM_EVENT"');
  }, 300_000);

  it('gives the destination its own subscriptions back: failed, cancelled, or by hand when it was terminated', async () => {
    const [, destination] = urlsOf(migration());
    const before = texts(await readSubscriptions(destination));
    await refuseNewRows(destination, 'OSUSR_k4w_Payment');
    const failed = await (await migration().start('failing')).result().catch((error) => error);
    expect(failed.cause.message).toMatch(/Payment/);
    expect(texts(await readSubscriptions(destination))).toEqual(before);
    await acceptNewRows(destination, 'OSUSR_k4w_Payment');

    await runOn(destination, slowInserts('OSUSR_k4w_Invoice', 2));
    const cancelled = await migration().start('cancelled', { batchRows: 10 });
    await untilSilent(destination);
    await cancelled.cancel();
    await cancelled.result().catch(() => undefined);
    expect(texts(await readSubscriptions(destination))).toEqual(before);

    const terminated = await migration().start('terminated', { batchRows: 10 });
    await untilSilent(destination);
    const refused = await migration().caravel('restore', 'terminated');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain("run 'terminated' has not ended and gives them back itself");
    await terminated.terminate();
    await runOn(destination, quickInserts('OSUSR_k4w_Invoice'));
    expect(texts(await readSubscriptions(destination))).not.toEqual(before);
    const restored = await migration().caravel('restore', 'terminated');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toMatch(/^event subscriptions of 'quality': \d+ rows given back\n$/);
    expect(texts(await readSubscriptions(destination))).toEqual(before);
    expect((await migration().caravel('restore', 'terminated')).stdout).toContain('were all there');
  }, 600_000);

  it('is taken over by the next one, whatever it left behind', async () => {
    const [source, destination] = urlsOf(migration());
    const before = await readSubscriptions(destination);
    await runOn(destination, slowInserts('OSUSR_k4w_Invoice', 2));
    const left = await migration().start('left', { batchRows: 10 });
    await untilSilent(destination);
    await left.terminate();
    await runOn(destination, quickInserts('OSUSR_k4w_Invoice'));
    const result = await (await migration().start('next')).result();
    expect(result.status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
    expect(texts(await readSubscriptions(destination))).toEqual(
      await expectedSubscriptions(migration(), before, ofProduction),
    );
    expect(await countQueued(destination)).toBe(0);
    expect((await migration().caravel('restore', 'left')).stdout).toContain('were all there');
  }, 300_000);
});

const untilSilent = (destination: string) =>
  until('the subscriptions are gone', async () => {
    const [row] = await rowsOf(destination, 'SELECT count(*) AS "left" FROM "OSEVT_k4w_Order1"');
    return row!.left === '0';
  });
