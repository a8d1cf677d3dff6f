import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../../src/config/migrationSpec.ts';
import { queryOne } from '../../../src/database/queries.ts';
import { integer } from '../../../src/database/shape.ts';
import { sql } from '../../../src/database/sql.ts';
import { prepareMigration } from '../../../src/planning/prepareMigration.ts';
import type { Change } from '../../support/changing.ts';
import { dialect } from '../../support/ddl.ts';
import { schema } from '../../support/engine.ts';
import { addedColumn } from '../../support/redefinitions.ts';
import { type Changes, type SharedDemo, shareDemo, specOf } from '../sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('plan_emptying', { rows: 150, orphans: false });
});
afterAll(() => demo.drop());

const prepared = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, (databases) =>
    prepareMigration({ ...databases, spec: specOf(demo, { destinationData: 'delete', ...spec }) }),
  );
const planWith = async (...given: Parameters<typeof prepared>) => (await prepared(...given)).plan;
const texts = (findings: { entity: string; message: string }[]) =>
  findings.map(({ entity, message }) => `${entity}: ${message}`);
const inDestination = (...destination: Change[]): Changes => ({ destination });

/** A table of FleetCare that refers to orders as an application does. */
const visitsOrders = (onDelete: string): Change[] => [
  addedColumn(
    'OSUSR_0fl_ServiceVisit',
    'ORDERID',
    'bigint',
    `foreign key ("ORDERID") references "OSUSR_k4w_Order1" ("ID") ${onDelete}`,
  ),
  `update "OSUSR_0fl_ServiceVisit" set "ORDERID" = (select min("ID") from "OSUSR_k4w_Order1") where "ID" in
     (select "ID" from "OSUSR_0fl_ServiceVisit" order by "ID" offset 0 rows fetch next 4 rows only)`,
];

describe('what destinationData delete empties', () => {
  it('is the scope and its process instances, those that refer to others first; nothing else', async () => {
    const { plan, emptied } = await prepared();
    expect(plan.blocking).toEqual([]);
    const names = plan.emptied!.map(({ name }) => name);
    const owners = new Set(names.map((name) => name.split('.')[0]));
    expect([...owners].sort()).toEqual(['(System)', 'Fulfilment', 'ProductCatalog', 'Sales']);
    expect(names.filter((name) => name.startsWith('(System)')).sort()).toEqual([
      '(System).Activity',
      '(System).Activity_Output',
      '(System).Process',
      '(System).Process_Input',
      '(System).Process_Output',
    ]);
    expect(emptied.length).toBeGreaterThan(0);
    for (const [first, second] of [
      ['Sales.OrderLine', 'Sales.Order'],
      ['Sales.ApprovalTask', '(System).Activity'],
      ['(System).Activity_Output', '(System).Activity'],
      ['(System).Activity', '(System).Process'],
    ]) {
      expect(names.indexOf(first!), `${first} before ${second}`).toBeLessThan(names.indexOf(second!));
    }
    // Order, Invoice and Payment refer to each other.
    const nulled = plan.emptied!.filter((table) => table.nulled.length > 0).map(({ name }) => name);
    expect(nulled.some((name) => ['Sales.Order', 'Sales.Invoice', 'Sales.Payment'].includes(name))).toBe(true);
  });

  it('takes whole trees whose root is of a module in scope', async () => {
    const changes = inDestination(
      dialect.withIds(
        'OSSYS_BPM_PROCESS',
        `insert into "OSSYS_BPM_PROCESS" ("ID", "TENANT_ID", "LABEL", "PROCESS_DEF_ID", "STATUS_ID", "TOP_PROCESS_ID")
           select 900001, 1, 'a credit check of its own', d."ID", 1, 900001 from "OSSYS_BPM_PROCESS_DEFINITION" d
           where d."NAME" = 'CreditCheck'`,
      ),
    );
    const { emptied } = await prepared(changes);
    const all = await demo.changed({}, ({ destination }) =>
      queryOne(destination, sql`select count(*) as total from ${sql.id('OSSYS_BPM_PROCESS')}`, { total: integer }),
    );
    // The subprocesses of Customer Core that approvals started go with them; the one that nobody of the scope started
    // stays.
    expect(emptied).toHaveLength(all.total);
    expect(emptied).not.toContain('900001');
  });

  it('does not run over rows outside the scope that refer to it: they are named, with how many go along', async () => {
    const protecting = await planWith(inDestination(...visitsOrders('')));
    expect(texts(protecting.blocking)).toEqual([
      'Sales.Order: 4 rows of FleetCare.ServiceVisit outside the scope refer to its rows by ORDERID; widen the scope, name "FleetCare.ServiceVisit" under "alsoDelete", or remove those rows',
    ]);
    const cascading = await planWith(inDestination(...visitsOrders('on delete cascade')));
    expect(texts(cascading.blocking)).toEqual([
      expect.stringContaining('refer to its rows by ORDERID, and would be deleted with them; widen the scope'),
    ]);
    const nobody = await planWith(
      inDestination(...visitsOrders('on delete cascade'), 'update "OSUSR_0fl_ServiceVisit" set "ORDERID" = null'),
    );
    expect(nobody.blocking).toEqual([]);
    expect(nobody.emptied!.find(({ name }) => name === 'Sales.Order')!.cascades).toEqual([
      { schema, table: 'OSUSR_0fl_ServiceVisit', column: 'ORDERID' },
    ]);
  });

  it('does not run where it may not look who refers to it', async () => {
    const changes = inDestination(
      ...visitsOrders('on delete cascade'),
      'update "OSUSR_0fl_ServiceVisit" set "ORDERID" = null',
    );
    const plan = await demo.changed(changes, async ({ source, destination }) => {
      const limited = Object.assign(Object.create(destination), {
        rights: async (tables: Parameters<typeof destination.rights>[0]) =>
          (await destination.rights(tables)).map((right) => ({
            ...right,
            select: right.table.name !== 'OSUSR_0fl_ServiceVisit',
          })),
      });
      const spec = specOf(demo, { destinationData: 'delete' });
      return (await prepareMigration({ source, destination: limited, spec })).plan;
    });
    expect(texts(plan.blocking)).toEqual([
      "Sales.Order: the login of 'quality' may not read FleetCare.ServiceVisit, which may refer to its rows by ORDERID, and would be deleted with them; grant SELECT on OSUSR_0fl_ServiceVisit",
    ]);
  });

  it('takes them too where the spec names them, and looks at what refers to those', async () => {
    const changes = inDestination(
      ...visitsOrders(''),
      addedColumn(
        'OSUSR_0fl_Vehicle',
        'LASTVISITID',
        'integer',
        'foreign key ("LASTVISITID") references "OSUSR_0fl_ServiceVisit" ("ID")',
      ),
      dialect.updateFrom(
        'OSUSR_0fl_Vehicle',
        '"LASTVISITID" = s."ID"',
        '"OSUSR_0fl_ServiceVisit" s',
        's."VEHICLEID" = t."ID"',
      ),
    );
    const alsoDelete = ['FleetCare.ServiceVisit'];
    const plan = await planWith(changes, { alsoDelete });
    expect(texts(plan.blocking)).toEqual([
      expect.stringMatching(
        /^FleetCare\.ServiceVisit: \d+ rows of FleetCare\.Vehicle outside the scope refer to its rows by LASTVISITID/,
      ),
    ]);
    const both = await planWith(changes, { alsoDelete: [...alsoDelete, 'FleetCare.Vehicle'] });
    expect(both.blocking).toEqual([]);
    const names = both.emptied!.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['FleetCare.ServiceVisit', 'FleetCare.Vehicle']));
    expect(both.entities.map(({ espace }) => espace)).not.toContain('FleetCare');
  });

  it('sees references that no constraint knows: Ignore, and values of process instances', async () => {
    const ignoring = await planWith(
      inDestination(
        addedColumn('OSUSR_0fl_ServiceVisit', 'ORDERID', 'bigint'),
        dialect.withIds(
          'OSSYS_ENTITY_ATTR',
          `insert into "OSSYS_ENTITY_ATTR" ("ID", "NAME", "SS_KEY", "ENTITY_ID", "TYPE", "DATABASE_NAME", "IS_ACTIVE",
             "DELETE_RULE", "IS_AUTONUMBER", "IS_MANDATORY", "LENGTH", "DECIMALS")
             select 990001, 'OrderId', '0d8e9d57-8a3a-4b4f-9b6f-0c1fd9f3b0a1', v."ID", a."TYPE", 'ORDERID', a."IS_ACTIVE",
               'Ignore', a."IS_AUTONUMBER", a."IS_MANDATORY", 0, 0
             from "OSSYS_ENTITY" v, "OSSYS_ENTITY_ATTR" a where v."NAME" = 'ServiceVisit' and a."ID" =
               (select min("ID") from "OSSYS_ENTITY_ATTR" where "NAME" = 'OrderId' and "IS_ACTIVE" = 'true')`,
        ),
        'update "OSUSR_0fl_ServiceVisit" set "ORDERID" = (select min("ID") from "OSUSR_k4w_Order1")',
      ),
    );
    expect(texts(ignoring.blocking)).toEqual([
      expect.stringMatching(
        /^Sales\.Order: \d+ rows of FleetCare\.ServiceVisit outside the scope refer to its rows by ORDERID;/,
      ),
    ]);
    const named = await planWith(
      inDestination(
        `insert into "OSSYS_BPM_PROCESS" ("TENANT_ID", "LABEL", "PROCESS_DEF_ID", "STATUS_ID")
           select 1, 'an inspection', d."ID", 1 from "OSSYS_BPM_PROCESS_DEFINITION" d where d."NAME" = 'VehicleInspection'`,
        `insert into "OSSYS_BPM_PROCESS_INPUT" ("TENANT_ID", "PROCESS_ID", "NAME", "INPUT_VALUE", "SS_TYPE", "INPUT_DEF_ID")
           select 1, (select max("ID") from "OSSYS_BPM_PROCESS"), 'OrderId',
             (select cast(min("ID") as varchar(20)) from "OSUSR_k4w_Order1"), i."SS_TYPE", i."INPUT_DEF_ID"
           from "OSSYS_BPM_PROCESS_INPUT" i
           where i."ID" = (select min("ID") from "OSSYS_BPM_PROCESS_INPUT" where "NAME" = 'OrderId')`,
      ),
    );
    expect(texts(named.blocking)).toEqual([
      'Sales.Order: 1 value in (System).Process_Input of process instances outside the scope names its rows; widen the scope or remove those instances',
    ]);
  });

  it('is never a platform table, a static entity or what does not exist', async () => {
    const messageOf = (alsoDelete: string[]) => planWith({}, { alsoDelete }).catch((error: Error) => error.message);
    expect(await messageOf(['(System).User'])).toBe(
      "alsoDelete: '(System).User' is one of the platform's own tables, and those are never emptied; remove it",
    );
    expect(await messageOf(['Sales.OrderStatus'])).toBe(
      "alsoDelete: 'Sales.OrderStatus' is a static entity, and those are never emptied; remove it",
    );
    expect(await messageOf(['FleetCare.Vehicel'])).toMatch(/has no entity 'Vehicel'; did you mean 'Vehicle'\?$/);
  });

  it('is nothing while the destination keeps its data, whatever else is named', async () => {
    const plan = await planWith({}, { destinationData: 'keep', alsoDelete: ['FleetCare.Vehicle'] });
    expect(plan.emptied).toBeUndefined();
    expect(plan.warnings.find(({ code }) => code === 'nothing-deleted')!.message).toBe(
      'alsoDelete names FleetCare.Vehicle, and "destinationData" is "keep": nothing is deleted',
    );
  });

  it('clashes with nothing afterwards: what is deleted takes no unique value', async () => {
    const changes = inDestination(
      `update "OSUSR_k4w_Order1" set "NUMBER" = 'SO00000001', "TENANT_ID" = 5 where "ID" = (select min("ID") from "OSUSR_k4w_Order1")`,
      'delete from "OSSYS_BPM_EVENT_QUEUE"',
    );
    const source = [`update "OSUSR_a1b_Order" set "TENANT_ID" = 2 where "NUMBER" = 'SO00000001'`];
    const plan = await planWith({ ...changes, source });
    expect(plan.blocking).toEqual([]);
    expect(plan.conflicts).toBeUndefined();
  });

  it('needs the right to delete, table by table, and says which statement gives it', async () => {
    const plan = await demo.changed({}, async ({ source, destination }) => {
      const limited = Object.assign(Object.create(destination), {
        rights: async (tables: Parameters<typeof destination.rights>[0]) =>
          (await destination.rights(tables)).map((right) => ({
            ...right,
            delete: right.table.name !== 'OSUSR_k4w_Payment',
          })),
      });
      const spec = specOf(demo, { destinationData: 'delete' });
      return (await prepareMigration({ source, destination: limited, spec })).plan;
    });
    expect(texts(plan.blocking)).toEqual([
      expect.stringMatching(
        /^Sales\.Payment: the login of 'quality' may not DELETE on OSUSR_k4w_Payment; .*GRANT DELETE ON/,
      ),
    ]);
  });
});
