import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onDatabase } from '../../infra/services/onDatabase.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { countQueued, readProcesses, readSubscriptions } from '../support/processes.ts';

const run = (url: string, statement: string) => onDatabase(url, (client) => client.query(statement));
const ofProduction = (label: string) => label.includes(' production ');
const ofQuality = (label: string) => label.includes(' quality ');
const texts = (subscriptions: { text: string }[]) => subscriptions.map(({ text }) => text).sort();

function migrationOf(name: string, isOrphaned = false): () => MigrationTest {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest(name, { rows: 300, orphans: isOrphaned });
    migration.startWorker();
  }, 120_000);
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
    const { rows } = await run(destination, `SELECT 1 FROM "OSSYS_BPM_PROCESS" WHERE "LABEL" LIKE 'Inspection%'`);
    expect(rows).toEqual([]);
    const cleared = await run(
      destination,
      `SELECT count(*)::int AS rows, count("IS_RUNNING_SINCE")::int + count("IS_RUNNING_AT")::int + count("LAST_ERROR_ID")::int AS kept
       FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = a."PROCESS_ID" WHERE p."LABEL" LIKE '% production %'`,
    );
    expect(cleared.rows[0]).toMatchObject({ kept: 0 });
    expect(cleared.rows[0].rows).toBeGreaterThan(100);
  }, 120_000);

  it('once: the same again inserts nothing and subscribes nobody twice, and both runs verify', async () => {
    const [, destination] = urlsOf(migration());
    const subscriptions = texts(await readSubscriptions(destination));
    // One that the destination has dealt with since stays gone.
    await run(
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
  }, 120_000);
});

describe('processes: active', () => {
  const migration = migrationOf('processes_active');

  it('brings the trees whose root goes on; what refers to the others becomes NULL and is counted', async () => {
    const [source, destination] = urlsOf(migration());
    const { rows } = await run(
      source,
      `SELECT p."LABEL" AS label FROM "OSSYS_BPM_PROCESS" p JOIN "OSSYS_BPM_PROCESS" r ON r."ID" = p."TOP_PROCESS_ID"
       JOIN "OSSYS_BPM_PROCESS_STATUS" s ON s."ID" = r."STATUS_ID" WHERE NOT s."IS_TERMINAL" AND p."LABEL" LIKE '% production %'`,
    );
    const active = new Set(rows.map(({ label }) => label as string));
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
    const processes = await run(source, 'SELECT count(*)::int AS rows FROM "OSSYS_BPM_PROCESS"');
    expect(count('Process')).toMatchObject({ inserted: active.size, leftOut: processes.rows[0].rows - active.size });
    const nulled = await run(
      source,
      `SELECT count(*)::int AS rows FROM "OSUSR_a1b_Order" o JOIN "OSSYS_BPM_PROCESS" p ON p."ID" = o."APPROVALPROCESSID"
       WHERE NOT p."LABEL" = ANY('{${[...active].map((label) => `"${label}"`).join()}}')`,
    );
    expect(count('Order').nulled).toBe(nulled.rows[0].rows);
    expect(count('ApprovalTask')).toMatchObject({ setAside: 0 });
    expect(count('ApprovalTask').leftOut).toBeGreaterThan(5);
    expect(texts(await readSubscriptions(destination))).toEqual(
      await expectedSubscriptions(migration(), before, isActive),
    );
    expect(await countQueued(destination)).toBe(0);
    expect((await migration().caravel('verify', 'active')).code).toBe(0);
  }, 120_000);

  it('and "all" afterwards brings the rest', async () => {
    const [source, destination] = urlsOf(migration());
    const result = await (await migration().start('rest', { processes: 'all' })).result();
    expect(result.status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
    expect(await countQueued(destination)).toBe(0);
  }, 120_000);
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
  }, 120_000);
});

describe('a definition that the destination lacks', () => {
  const migration = migrationOf('processes_undefined');

  it('sets whole trees aside, and the references to them follow missingReferences', async () => {
    const [source, destination] = urlsOf(migration());
    await run(destination, `UPDATE "OSSYS_BPM_ACTIVITY_DEFINITION" SET "IS_ACTIVE" = false WHERE "NAME" = 'Finish'`);
    const { rows } = await run(
      source,
      `SELECT DISTINCT p."LABEL" AS label FROM "OSSYS_BPM_PROCESS" p JOIN "OSSYS_BPM_ACTIVITY" a ON a."PROCESS_ID" = p."TOP_PROCESS_ID"
       WHERE a."NAME" = 'Finish'`,
    );
    const gone = new Set(rows.map(({ label }) => label as string));
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
    await run(destination, `UPDATE "OSSYS_BPM_ACTIVITY_DEFINITION" SET "IS_ACTIVE" = true WHERE "NAME" = 'Finish'`);
    expect((await (await migration().start('mended')).result()).status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
  }, 180_000);
});

describe('values and subscriptions whose row is gone', () => {
  const migration = migrationOf('processes_orphaned', true);

  it('become NULL, as the spec says; but a subscription never listens to every row instead of one', async () => {
    const [source, destination] = urlsOf(migration());
    await run(
      source,
      `UPDATE "OSEVT_a1b_Payment" SET "ORDERID" = 987654398 WHERE "_ACTIVITY_ID" = (SELECT min("_ACTIVITY_ID") FROM "OSEVT_a1b_Payment")`,
    );
    const result = await (await migration().start('orphaned')).result();
    expect(result.status).toBe('completedWithIssues');
    const { stdout } = await migration().caravel('issues', 'orphaned', '--json');
    expect(JSON.parse(stdout).issues.map(({ code }: { code: string }) => code)).toEqual(['subscription-set-aside']);
    const ofSource = `SELECT "ID" FROM "OSSYS_BPM_PROCESS" WHERE "LABEL" LIKE '% production %'`;
    const unmapped = `"SS_TYPE" LIKE 'bt%' AND "INPUT_VALUE" = '987654399' AND "PROCESS_ID" IN (${ofSource})`;
    const { rows } = await run(source, `SELECT count(*)::int AS rows FROM "OSSYS_BPM_PROCESS_INPUT" WHERE ${unmapped}`);
    expect(rows[0].rows).toBeGreaterThan(0);
    expect(result.entities.find(({ entity }) => entity === 'Process_Input')!.nulled).toBe(rows[0].rows);
    expect((await run(destination, `SELECT 1 FROM "OSSYS_BPM_PROCESS_INPUT" WHERE ${unmapped}`)).rows).toEqual([]);
    const any = `SELECT 1 FROM "OSEVT_k4w_Payment" WHERE "_ACTIVITY_ID" IS NOT NULL AND "ORDERID" IS NULL`;
    expect((await run(destination, any)).rows).toEqual([]);
    expect(await countQueued(destination)).toBe(0);
  }, 120_000);
});

describe('a run that does not finish', () => {
  const migration = migrationOf('processes_unfinished');

  it('is blocked while events wait in a queue, unless the spec lets them', async () => {
    const [, destination] = urlsOf(migration());
    await run(destination, `INSERT INTO "OSSYS_BPM_EVENT" ("ENTITY_RECORD_ID") VALUES ('1')`);
    const blocked = await (await migration().start('queued')).result().catch((error) => error);
    expect(blocked.cause.message).toContain("1 event waits in OSSYS_BPM_EVENT of 'quality'");
    await run(destination, 'DELETE FROM "OSSYS_BPM_EVENT"');
  }, 60_000);

  it('gives the destination its own subscriptions back: failed, cancelled, or by hand when it was terminated', async () => {
    const [, destination] = urlsOf(migration());
    const before = texts(await readSubscriptions(destination));
    const refuse = (column: string, body: string) => `
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON "${column}" FOR EACH ROW EXECUTE FUNCTION refuse()`;
    const allow = (table: string) => `DROP TRIGGER refuse ON "${table}"; DROP FUNCTION refuse()`;

    await run(destination, refuse('OSUSR_k4w_Payment', `RAISE EXCEPTION 'not today' USING ERRCODE = '23514';`));
    const failed = await (await migration().start('failing')).result().catch((error) => error);
    expect(failed.cause.message).toMatch(/Payment/);
    expect(texts(await readSubscriptions(destination))).toEqual(before);
    await run(destination, allow('OSUSR_k4w_Payment'));

    await run(destination, refuse('OSUSR_k4w_Invoice', 'PERFORM pg_sleep(0.2);'));
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
    await run(destination, allow('OSUSR_k4w_Invoice'));
    expect(texts(await readSubscriptions(destination))).not.toEqual(before);
    const restored = await migration().caravel('restore', 'terminated');
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toMatch(/^event subscriptions of 'quality': \d+ rows given back\n$/);
    expect(texts(await readSubscriptions(destination))).toEqual(before);
    expect((await migration().caravel('restore', 'terminated')).stdout).toContain('were all there');
  }, 180_000);

  it('is taken over by the next one, whatever it left behind', async () => {
    const [source, destination] = urlsOf(migration());
    const before = await readSubscriptions(destination);
    await run(
      destination,
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.2); RETURN NEW; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON "OSUSR_k4w_Invoice" FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    const left = await migration().start('left', { batchRows: 10 });
    await untilSilent(destination);
    await left.terminate();
    await run(destination, 'DROP TRIGGER refuse ON "OSUSR_k4w_Invoice"; DROP FUNCTION refuse()');
    const result = await (await migration().start('next')).result();
    expect(result.status).toBe('completed');
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
    expect(texts(await readSubscriptions(destination))).toEqual(
      await expectedSubscriptions(migration(), before, ofProduction),
    );
    expect(await countQueued(destination)).toBe(0);
    expect((await migration().caravel('restore', 'left')).stdout).toContain('were all there');
  }, 120_000);
});

async function untilSilent(destination: string): Promise<void> {
  for (;;) {
    const { rows } = await run(destination, 'SELECT count(*)::int AS rows FROM "OSEVT_k4w_Order1"');
    if (rows[0].rows === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
