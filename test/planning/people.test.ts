import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import type { Plan } from '../../src/planning/plan.ts';
import { planDocument } from '../../src/planning/planDocument.ts';
import { prepareMigration } from '../../src/planning/prepareMigration.ts';
import { printPlan } from '../../src/planning/printPlan.ts';
import { type Changes, type DemoTemplates, demoTemplates, specOf } from './demoCopies.ts';

let templates: DemoTemplates;
beforeAll(async () => {
  templates = await demoTemplates('people', { rows: 300, orphans: false });
}, 60_000);
afterAll(() => templates.drop());

const prepare = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  templates.changed(changes, (databases) => prepareMigration({ ...databases, spec: specOf(templates, spec) }));
const said = (plan: Plan) => plan.blocking.map(({ code, entity, message }) => `${code} ${entity}: ${message}`);
const warned = (plan: Plan, code: string) =>
  plan.warnings.filter((finding) => finding.code === code).map(({ entity, message }) => `${entity}: ${message}`);

describe('people in the plan', () => {
  it('are counted in its text and its document, and named nowhere in it', async () => {
    const { plan, ledger } = await prepare();
    expect(planDocument(plan).people).toMatchObject({
      users: { matched: 48, created: 8, updated: 0, recreated: 0, missing: 0 },
      groups: { matched: 4, created: 1 },
      groupRoles: { created: 1, setAside: 0 },
    });
    const text = printPlan(plan);
    expect(text).toContain('- users: 48 matched, 8 to be created');
    expect(text).toContain('- groups: 4 matched, 1 to be created');
    expect(text).toMatch(/- roles of users: \d+ matched, \d+ to be created/);
    expect(ledger.length).toBe(56);
    expect(JSON.stringify(plan)).not.toMatch(/clerk\d|o'brien|jose/);
  });

  it('need the right to write them where something is to be written, and no other', async () => {
    const url = (database: string) =>
      Object.assign(new URL(process.env.CARAVEL_TEST_POSTGRES!), { pathname: `/${database}` });
    await templates.changed({ destination: [] }, async ({ source, destination }) => {
      const login = `people_${process.pid}`;
      const [[database]] = (await destination.query('select current_database()')) as [[string]];
      await destination.execute(`create role "${login}" login password 'x'`);
      try {
        await destination.execute(`grant temporary on database "${database}" to "${login}"`);
        await destination.execute(`grant select on all tables in schema public to "${login}"`);
        await destination.execute(
          `do $$ declare t text; begin for t in select tablename from pg_tables where tablename ~ '^(OSUSR|OSEVT)' loop
             execute format('grant insert, update, delete on %I to "${login}"', t); end loop; end $$`,
        );
        const place = Object.assign(url(database), { username: login, password: 'x' });
        const limited = connect({ name: 'quality', url: place.href, readOnly: true, pool: 2 });
        const plan = async (users: MigrationSpecInput['users']) =>
          (
            await prepareMigration({
              source,
              destination: limited,
              spec: specOf(templates, { users, processes: 'none' }),
            })
          ).plan;
        try {
          const create = said(await plan('create'));
          expect(create).toEqual(
            expect.arrayContaining([
              `right-missing (System).User: the login of 'quality' may not INSERT on OSSYS_USER; a database administrator can allow it: ` +
                `GRANT INSERT ON "public"."OSSYS_USER" TO "${login}"; or set "users" to "match"`,
            ]),
          );
          expect(create.length).toBe(5);
          expect(said(await plan('update'))[0]).toContain('GRANT INSERT, UPDATE ON "public"."OSSYS_USER"');
          expect(said(await plan('match'))).toEqual([
            expect.stringMatching(/^user-missing \(System\)\.User: 'quality' lacks 6 of the 52 users/),
            expect.stringMatching(/^missing-reference Sales\.Campaign: in 2 rows OwnerGroupId refers to .*Group/),
          ]);
        } finally {
          await limited.close();
        }
        // Nobody is to be created: nothing has to be allowed.
        await destination.execute(
          `grant insert on "OSSYS_GROUP", "OSSYS_GROUP_ROLE", "OSSYS_GROUP_USER", "OSSYS_USER_ROLE" to "${login}"`,
        );
        await destination.execute(
          `insert into "OSSYS_USER" ("TENANT_ID", "USERNAME", "IS_ACTIVE") select t."ID", n, true from "OSSYS_TENANT" t,
             unnest(array['o''brien', 'agência.1', '"quoted", with comma', 'UPPER.case', 'long.${'name'.repeat(61)}x', 'clerk1 ',
               'left.long.ago', 'new.hire']) n where t."NAME" in ('Users', 'Northwind')`,
        );
        const again = connect({ name: 'quality', url: place.href, readOnly: true, pool: 2 });
        await destination.execute('delete from "OSSYS_BPM_EVENT_QUEUE"');
        const spec = specOf(templates, { processes: 'none' });
        const { plan: allowed } = await prepareMigration({ source, destination: again, spec });
        await again.close();
        expect(said(allowed)).toEqual([]);
      } finally {
        await destination.execute(`drop owned by "${login}"`);
        await destination.execute(`drop role "${login}"`);
      }
    });
  });

  it('of a tenant that the destination lacks block with its name', async () => {
    const { plan } = await prepare({
      destination: [`update "OSSYS_TENANT" set "NAME" = 'Elsewhere' where "NAME" = 'Northwind'`],
    });
    expect(said(plan)).toContainEqual(
      expect.stringMatching(
        /^tenant-missing \(System\)\.Tenant: 'quality' has no tenant 'Northwind' .* to be migrated belong to it/,
      ),
    );
  });

  it('say which role is missing, and set its grants aside', async () => {
    const { plan } = await prepare({
      destination: [`update "OSSYS_ROLE" set "SS_KEY" = 'other' where "NAME" = 'WarehouseClerk'`],
    });
    expect(plan.blocking).toEqual([]);
    expect(plan.people).toMatchObject({ userRoles: { setAside: 6 }, groupRoles: { setAside: 2 } });
    expect(warned(plan, 'role-missing')).toEqual([
      expect.stringMatching(/^\(System\)\.User_Role: 'quality' has no role 'Fulfilment\.WarehouseClerk'; 6 grants/),
      expect.stringMatching(/^\(System\)\.Group_Role: .*2 grants/),
    ]);
  });

  it('of Service Center block where the destination lacks them, unless references may be lost', async () => {
    const changes: Changes = {
      source: [
        `update "OSUSR_a1b_Order" set "CREATEDBY" = (select u."ID" from "OSSYS_USER" u join "OSSYS_TENANT" t on t."ID" = u."TENANT_ID"
           where t."NAME" = 'ServiceCenter') where "ID" = (select min("ID") from "OSUSR_a1b_Order")`,
      ],
      destination: [
        `delete from "OSSYS_USER" where "TENANT_ID" = (select "ID" from "OSSYS_TENANT" where "NAME" = 'ServiceCenter')`,
      ],
    };
    expect(said((await prepare(changes)).plan)).toEqual([
      expect.stringMatching(
        /^it-user-missing \(System\)\.User: 'quality' lacks 1 IT user whom the data refers to; IT users are never created/,
      ),
    ]);
    const lenient = await prepare(changes, { missingReferences: 'null' });
    expect(lenient.plan.blocking).toEqual([]);
    expect(warned(lenient.plan, 'it-user-missing').length).toBe(1);
    expect(lenient.ledger.filter(({ decision }) => decision === 'missing')).toMatchObject([{ username: 'admin' }]);
  });

  it('skip columns that one side lacks, and say so', async () => {
    const { plan } = await prepare({
      source: [`alter table "OSSYS_USER" add column "PHOTO" bytea`],
      destination: [
        `alter table "OSSYS_USER" drop column "MOBILEPHONE", add column "LANGUAGE" varchar(10) not null default 'en'`,
      ],
    });
    expect(plan.blocking).toEqual([]);
    const users = plan.entities.find(({ entity }) => entity === 'User')!;
    expect(users.columns.map(({ destination }) => destination)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/PHOTO|MOBILEPHONE|LANGUAGE/)]),
    );
    expect(users.differences.toSorted()).toEqual([
      "LANGUAGE is only in 'quality'; it is skipped",
      "MOBILEPHONE is only in 'production'; it is skipped",
      "PHOTO is only in 'production'; it is skipped",
    ]);
  });

  it('are no part of it where the data refers to no one', async () => {
    const { plan } = await prepare({}, { scope: { espaces: ['ProductCatalog'] } });
    expect(plan.entities.filter(({ role }) => role === 'aligned')).toEqual([]);
    expect(plan.blocking).toEqual([]);
  });
});
