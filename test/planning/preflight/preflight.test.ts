import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../../src/config/migrationSpec.ts';
import { prepareMigration } from '../../../src/planning/prepareMigration.ts';
import { dialect } from '../../support/ddl.ts';
import { addedTrigger } from '../../support/redefinitions.ts';
import { type Changes, type SharedDemo, type Sides, shareDemo, specOf } from '../sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('preflight', { rows: 150, orphans: false });
});
afterAll(() => demo.drop());

const planWith = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, async (databases) => (await prepareMigration({ ...databases, spec: specOf(demo, spec) })).plan);
const codes = ['application-enabled', 'espace-locked', 'trigger-enabled'];
const warned = async (changes: Changes) =>
  (await planWith(changes)).warnings
    .filter(({ code }) => codes.includes(code))
    .map(({ code, entity, message }) => `${code} ${entity}: ${message}`);

describe('what an operator prepares in the destination', () => {
  it('is not mentioned where it is done', async () => {
    expect(await warned({})).toEqual([]);
  });

  it('is asked for by name: applications that are enabled, modules that are locked, triggers that are not the platform’s', async () => {
    const destination = [
      `update "OSSYS_APPLICATION" set "DISABLED" = 'false'`,
      `update "OSSYS_ESPACE" set "IS_LOCKED" = 'true' where "NAME" in ('Sales', 'FleetCare')`,
      addedTrigger('OSUSR_k4w_Payment', 'audit_payments'),
    ];
    expect(await warned({ destination })).toEqual([
      expect.stringMatching(
        /^application-enabled : the application 'Order Management' is enabled in 'quality': until it is disabled/,
      ),
      expect.stringMatching(/^application-enabled : the application 'Customer Core' is enabled/),
      expect.stringMatching(/^espace-locked : the module 'Sales' is locked in 'quality'/),
      expect.stringMatching(
        /^trigger-enabled Sales\.Payment: audit_payments in 'quality' runs for every row that is written/,
      ),
    ]);
  });

  it('includes what differs in the rules of deletion', async () => {
    const plan = await planWith({
      destination: [
        `update "OSSYS_ENTITY_ATTR" set "DELETE_RULE" = 'Protect' where "NAME" = 'OrderId' and "DELETE_RULE" = 'Delete'`,
      ],
    });
    expect(plan.entities.find(({ entity }) => entity === 'OrderLine')!.differences).toContain(
      'OrderId has the delete rule Delete here and Protect there',
    );
  });
});

/** @param meanwhile is done again and again until the plan is made */
const whole = (changes: Changes = {}, meanwhile?: (sides: Sides) => Promise<void>) =>
  demo.changed(changes, async (databases, sides) => {
    let isOver = false;
    const planning = prepareMigration({ ...databases, spec: specOf(demo) }).finally(() => {
      isOver = true;
    });
    // Told when it is awaited below.
    planning.catch(() => {});
    while (meanwhile !== undefined && !isOver) await meanwhile(sides);
    return (await planning).plan;
  });
/** That of the demo as it is, which is made once. */
let quietPlan: ReturnType<typeof whole> | undefined;
const quiet = () => {
  quietPlan ??= whole();
  return quietPlan;
};
const ofCode = (plan: { warnings: { code: string; entity: string; message: string }[] }, code: string) =>
  plan.warnings.filter((warning) => warning.code === code).map(({ entity, message }) => `${entity}: ${message}`);

describe('attributes that the metamodel says too little of', () => {
  it('are named where they look as if they held identifiers, and nothing else is', async () => {
    const before = ofCode(await planWith(), 'soft-key-suspected');
    const plan = await planWith({
      source: [
        `update "OSUSR_a1b_Order" set "REFERENCE" = ${dialect.guid}`,
        `update "OSUSR_a1b_Order" set "COMMENT" = case "ID" % 3 when 0 then 'clerk3' when 1 then 'clerk6' else 'clerk9' end`,
        `update "OSUSR_a1b_Payment" set "RECEIPT" = concat('{"orderId": ', "ORDERID", '}')`,
        `update "OSUSR_a1b_Campaign" set "NAME" = concat('Campaign ', "ID")`,
      ],
    });
    const found = ofCode(plan, 'soft-key-suspected').filter((warning) => !before.includes(warning));
    expect(found).toEqual([
      'Sales.Order: Reference looks as if it held GUIDs; it is copied as it is: where it names rows, declare "Sales.Order.Reference" under "softKeys"',
      'Sales.Order: Comment looks as if it held user names; it is copied as it is: where it names rows, declare "Sales.Order.Comment" under "softKeys"',
      'Sales.Payment: Receipt looks as if it held JSON with identifiers in it; it is copied as it is: what stands within a text is not translated',
    ]);
  });

  it('are no guess any more once they are declared', async () => {
    const source = [
      `update "OSUSR_a1b_Order" set "COMMENT" = cast("CUSTOMERID" as varchar(20))`,
      'update "OSUSR_a1b_Order" set "REFERENCE" = null',
    ];
    const attribute = 'Sales.Order.Comment';
    const plan = await planWith({ source }, { softKeys: [{ attribute, target: 'CustomerCore.Customer' }] });
    expect(ofCode(plan, 'soft-key-suspected').filter((warning) => warning.includes('Comment'))).toEqual([]);
  });

  it('are named with the size of all their values where they are binary', async () => {
    const source = [
      'update "OSUSR_w83_ProductImage" set "IMAGE" = null',
      `update "OSUSR_w83_ProductImage" set "IMAGE" = ${dialect.bytesOf(dialect.repeated("'x'", 1536))} where "ID" in
         (select "ID" from "OSUSR_w83_ProductImage" order by "ID" offset 0 rows fetch next 2 rows only)`,
    ];
    expect(ofCode(await planWith({ source }), 'binary-data')).toContain(
      'ProductCatalog.ProductImage: Image holds 2 values of binary data, 3.0 kB together',
    );
  });
});

describe('whether the environments are in use', () => {
  it('is seen by who logged in lately, by sessions of others, and by rows that come while the plan is made', async () => {
    const unused = await quiet();
    for (const code of ['users-at-work', 'source-changes', 'destination-changes'])
      expect(ofCode(unused, code)).toEqual([]);
    const destination = [
      `update "OSSYS_USER" set "LAST_LOGIN" = ${dialect.now} where "ID" in
         (select "ID" from "OSSYS_USER" order by "ID" offset 0 rows fetch next 2 rows only)`,
    ];
    // The session that changed it is the one that is open.
    const plan = await whole({ destination }, async (sides) => {
      await sides.destination.make(
        `insert into "OSUSR_k4w_Campaign" ("NAME", "TENANT_ID") values ('came meanwhile', 5)`,
      );
      await pause(20);
    });
    expect(ofCode(plan, 'users-at-work')).toEqual([
      expect.stringMatching(/^: 2 users logged in to 'quality' within the last hour;/),
    ]);
    expect(ofCode(plan, 'sessions-open')).toEqual([
      expect.stringMatching(/^: 1 session of others is open in 'quality';/),
    ]);
    expect(ofCode(plan, 'destination-changes')).toEqual([
      expect.stringMatching(/^: 'quality' is in use: rows came into Sales\.Campaign while the plan was made;/),
    ]);
  });
});

describe('how long it may take', () => {
  it('is estimated from rows that were really moved, of which nothing stays', async () => {
    const plan = await quiet();
    expect(plan.estimate!.seconds).toBeGreaterThan(0);
    expect(plan.estimate!.sample.rows).toBeGreaterThan(0);
    const bytes = `update "OSUSR_a1b_Order" set "COMMENT" = ${dialect.repeated("'long '", 300)}`;
    const longer = await whole({ source: [bytes] });
    expect(longer.estimate!.sample.entity).toBe(plan.estimate!.sample.entity);
  });
});
