import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import { sql } from '../../src/database/sql.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { planDocument } from '../../src/plan/planDocument.ts';
import { printPlan } from '../../src/plan/printPlan.ts';
import { prepareMigration } from '../../src/planning/prepareMigration.ts';
import { dialect, types } from '../support/ddl.ts';
import { engine, schema } from '../support/engine.ts';
import { createLimitedLogin, tableNames } from '../support/logins.ts';
import { onPlain } from '../support/plainSql.ts';
import { addedColumn, droppedColumn } from '../support/redefinitions.ts';
import { type Changes, type SharedDemo, shareDemo, specOf } from './sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('people', { rows: 300, orphans: false });
});
afterAll(() => demo.drop());

const prepare = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, (databases) => prepareMigration({ ...databases, spec: specOf(demo, spec) }));
/** A blank at the end makes another user name on PostgreSQL, and none on SQL Server: `clerk1 ` is `clerk1` there. */
const [matched, created] = engine === 'sqlserver' ? [49, 7] : [48, 8];
const said = (plan: Plan) => plan.blocking.map(({ code, entity, message }) => `${code} ${entity}: ${message}`);
const warned = (plan: Plan, code: string) =>
  plan.warnings.filter((finding) => finding.code === code).map(({ entity, message }) => `${entity}: ${message}`);

describe('people in the plan', () => {
  it('are counted in its text and its document, and named nowhere in it', async () => {
    const { plan, ledger } = await prepare();
    expect(planDocument(plan).people).toMatchObject({
      users: { matched, created, updated: 0, recreated: 0, missing: 0 },
      groups: { matched: 4, created: 1 },
      groupRoles: { created: 1, setAside: 0 },
    });
    const text = printPlan(plan);
    expect(text).toContain(`- users: ${matched} matched, ${created} to be created`);
    expect(text).toContain('- groups: 4 matched, 1 to be created');
    expect(text).toMatch(/- roles of users: \d+ matched, \d+ to be created/);
    expect(ledger.length).toBe(56);
    expect(JSON.stringify(plan)).not.toMatch(/clerk\d|o'brien|jose/);
  });

  it('need the right to write them where something is to be written, and no other', async () => {
    await demo.changed({}, async ({ source, destination }, sides) => {
      const { ownerUrl } = sides.destination;
      const login = await createLimitedLogin(ownerUrl, `people_${process.pid}`, true);
      const quoted = destination.textOf(sql.table({ schema, name: 'OSSYS_USER' }));
      const planWith = async (users: MigrationSpecInput['users']) => {
        // What a login may do may be remembered while it is connected.
        const limited = connect({ name: 'quality', url: login.url, readOnly: true, pool: 2 });
        const spec = specOf(demo, { users, processes: 'none' });
        const { plan } = await prepareMigration({ source, destination: limited, spec }).finally(() => limited.close());
        return plan;
      };
      try {
        const tables = await onPlain(ownerUrl, tableNames);
        await login.grant('SELECT', tables);
        await login.grant(
          'INSERT, UPDATE, DELETE',
          tables.filter((table) => /^(OSUSR|OSEVT)/.test(table)),
        );
        const create = said(await planWith('create'));
        expect(create).toEqual(
          expect.arrayContaining([
            `right-missing (System).User: the login of 'quality' may not INSERT on OSSYS_USER; a database administrator can allow it: ` +
              `GRANT INSERT ON ${quoted} TO ${destination.textOf(sql.id(login.name))}; or set "users" to "match"`,
          ]),
        );
        expect(create.length).toBe(5);
        expect(said(await planWith('update'))[0]).toContain(`GRANT INSERT, UPDATE ON ${quoted}`);
        expect(said(await planWith('match'))).toEqual([
          expect.stringMatching(
            new RegExp(`^user-missing \\(System\\)\\.User: 'quality' lacks ${created - 2} of the 52 users`),
          ),
          expect.stringMatching(/^missing-reference Sales\.Campaign: in 2 rows OwnerGroupId refers to .*Group/),
        ]);
        // Nobody is to be created: nothing has to be allowed.
        await login.grant('INSERT', ['OSSYS_GROUP', 'OSSYS_GROUP_ROLE', 'OSSYS_GROUP_USER', 'OSSYS_USER_ROLE']);
        const names = ["o'brien", 'agência.1', '"quoted", with comma', 'UPPER.case', `long.${'name'.repeat(61)}x`];
        const missing = [...names, 'clerk1 ', 'left.long.ago', 'new.hire'].map((name) => `(${dialect.text(name)})`);
        await sides.destination.make(
          `insert into "OSSYS_USER" ("TENANT_ID", "USERNAME", "IS_ACTIVE") select t."ID", n, 'true' from "OSSYS_TENANT" t
             cross join (values ${missing.join(', ')}) as missing(n) where t."NAME" in ('Users', 'Northwind')`,
          'delete from "OSSYS_BPM_EVENT_QUEUE"',
        );
        expect(said(await planWith('create'))).toEqual([]);
      } finally {
        await login.drop();
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
      source: [addedColumn('OSSYS_USER', 'PHOTO', types.binary)],
      destination: [
        droppedColumn('OSSYS_USER', 'MOBILEPHONE', types.textUpTo(20)),
        addedColumn('OSSYS_USER', 'LANGUAGE', `varchar(10) not null constraint "constraint_LANGUAGE" default 'en'`),
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
