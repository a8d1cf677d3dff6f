import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDemoEnvironments, type DemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { serverUrl } from '../support/engine.ts';
import { rowsOf, runOn } from '../support/plainSql.ts';
import { countQueued, readProcesses, readSubscriptions } from '../support/processes.ts';

const names = {
  sourceDatabase: `demo_processes_source_${process.pid}`,
  destinationDatabase: `demo_processes_destination_${process.pid}`,
};
let environments: DemoEnvironments;

beforeAll(async () => {
  environments = await buildDemoEnvironments({ serverUrl: serverUrl(), ...names, rows: 200, orphans: false });
}, 300_000);
afterAll(() => dropDemoEnvironments({ serverUrl: serverUrl(), ...names }));

describe('processes of the demo', () => {
  it('are there in all states, on both sides, with other ids for some of them', async () => {
    const states = (url: string, table: string) =>
      rowsOf(
        url,
        `SELECT s."NAME" AS "name", s."ID" AS "id", count(i."ID") AS "used" FROM "OSSYS_BPM_${table}_STATUS" s
         LEFT JOIN "OSSYS_BPM_${table}" i ON i."STATUS_ID" = s."ID" GROUP BY s."NAME", s."ID" ORDER BY s."NAME"`,
      );
    for (const table of ['PROCESS', 'ACTIVITY']) {
      const [here, there] = [
        await states(environments.source.ownerUrl, table),
        await states(environments.destination.ownerUrl, table),
      ];
      expect(here.filter(({ used }) => used === '0')).toEqual([]);
      expect(there.map(({ name }) => name)).toEqual(here.map(({ name }) => name));
      expect(there.map(({ id }) => id)).not.toEqual(here.map(({ id }) => id));
    }
  });

  it('form trees: every process leads to a root that is its own top, and activities to one of their process', async () => {
    const url = environments.source.ownerUrl;
    const lost = await rowsOf(
      url,
      `SELECT p."ID" FROM "OSSYS_BPM_PROCESS" p LEFT JOIN "OSSYS_BPM_PROCESS" t ON t."ID" = p."TOP_PROCESS_ID"
       LEFT JOIN "OSSYS_BPM_ACTIVITY" a ON a."ID" = p."PARENT_ACTIVITY_ID"
       WHERE t."TOP_PROCESS_ID" IS NULL OR t."TOP_PROCESS_ID" <> t."ID"
          OR CASE WHEN p."PARENT_PROCESS_ID" IS NULL THEN 1 ELSE 0 END <> CASE WHEN p."TOP_PROCESS_ID" = p."ID" THEN 1 ELSE 0 END
          OR COALESCE(a."PROCESS_ID", 0) <> COALESCE(p."PARENT_PROCESS_ID", 0)`,
    );
    expect(lost).toEqual([]);
    const strangers = await rowsOf(
      url,
      `SELECT a."ID" FROM "OSSYS_BPM_ACTIVITY" a JOIN "OSSYS_BPM_ACTIVITY" p ON p."ID" = a."PRECEDENT_ACTIVITY_ID"
       WHERE p."PROCESS_ID" <> a."PROCESS_ID"`,
    );
    expect(strangers).toEqual([]);
  });

  it('hold ids as text that their basic type does not reveal, and an input key that is no GUID', async () => {
    const url = environments.source.ownerUrl;
    const types = await rowsOf(
      url,
      `SELECT DISTINCT "DATA_TYPE" AS "basic" FROM "OSSYS_BPM_ACTIVITY_OUTPUT" WHERE "SS_TYPE" LIKE 'bt%' ORDER BY 1`,
    );
    expect(types.map(({ basic }) => basic)).toEqual(['rtInteger', 'rtLongInteger', 'rtText']);
    const events = await rowsOf(
      url,
      `SELECT "ID" FROM "OSSYS_BPM_PROCESS_INPUT" WHERE "SS_KEY" LIKE '%.#EventGeneratedInput'`,
    );
    expect(events.length).toBeGreaterThan(20);
  });

  it('mean the same to the comparison only while nothing in them changes', async () => {
    const url = environments.source.ownerUrl;
    const all = () => readProcesses(url, () => true);
    let before = await all();
    expect(await all()).toEqual(before);
    for (const [table, change, some] of [
      ['PROCESS_INPUT', `"INPUT_VALUE" = '0'`, `"NAME" = 'OrderId'`],
      ['ACTIVITY_OUTPUT', `"OUTPUT_VALUE" = 'another remark'`, `"NAME" = 'Remark'`],
      ['ACTIVITY', '"PRECEDENT_ACTIVITY_ID" = NULL', '"PRECEDENT_ACTIVITY_ID" IS NOT NULL'],
      ['PROCESS', '"PARENT_ACTIVITY_ID" = 0', '"PARENT_ACTIVITY_ID" IS NOT NULL'],
    ]) {
      const one = `SELECT max("ID") FROM "OSSYS_BPM_${table}" WHERE ${some}`;
      await runOn(url, `UPDATE "OSSYS_BPM_${table}" SET ${change} WHERE "ID" = (${one})`);
      const after = await all();
      expect(after, change).not.toEqual(before);
      before = after;
    }
  });

  it('are started and woken by triggers that work, for whoever subscribed and nobody else', async () => {
    const { url, ownerUrl } = environments.destination;
    expect(await countQueued(ownerUrl)).toBe(0);
    const subscriptions = await readSubscriptions(ownerUrl);
    expect(subscriptions.filter(({ isStart }) => isStart).length).toBe(3);
    expect(subscriptions.filter(({ isStart }) => !isStart).length).toBeGreaterThan(1);
    const [waiting] = await rowsOf(
      ownerUrl,
      `SELECT "_ACTIVITY_ID" AS "activity", "ID" AS "id" FROM "OSEVT_k4w_Order1" WHERE "_IS_UPDATE" = 'true' AND "ID" IS NOT NULL`,
    );
    // The login that Caravel is given may not write to the queues; the trigger does.
    await runOn(url, `UPDATE "OSUSR_k4w_Order1" SET "COMMENT" = 'changed' WHERE "ID" = ${waiting!.id}`);
    const woken = await rowsOf(
      ownerUrl,
      `SELECT "ACTIVITY_ID" AS "activity", "DATA_ID" AS "id" FROM "OSSYS_BPM_EVENT_QUEUE"`,
    );
    expect(woken).toContainEqual(waiting);
    await runOn(ownerUrl, 'DELETE FROM "OSSYS_BPM_EVENT_QUEUE"');

    await runOn(
      url,
      `INSERT INTO "OSUSR_k4w_Order1" ("NUMBER", "TENANT_ID") VALUES ('T1', 5), ('T2', 5), ('T3', 5)`,
      `INSERT INTO "OSUSR_k4w_Payment" ("RECEIPT") VALUES ('T1')`,
    );
    const [started] = await rowsOf(
      ownerUrl,
      `SELECT (SELECT count(*) FROM "OSSYS_BPM_EVENT_QUEUE" WHERE "PROCESS_DEF_ID" IS NOT NULL) AS "normal",
              (SELECT count(*) FROM "OSSYS_BPM_EVENT" WHERE "ENTITY_RECORD_ID" IS NOT NULL) AS "light"`,
    );
    expect(started).toEqual({ normal: '3', light: '1' });
  });
});
