import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import { sql } from '../../src/database/sql.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { planDocument } from '../../src/plan/planDocument.ts';
import { printPlan } from '../../src/plan/printPlan.ts';
import { prepareMigration } from '../../src/planning/prepareMigration.ts';
import { schema } from '../support/engine.ts';
import { createLimitedLogin, tableNames } from '../support/logins.ts';
import { onPlain } from '../support/plainSql.ts';
import { type Changes, type SharedDemo, shareDemo, specOf } from './sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('plan_processes', { rows: 300, orphans: false });
});
afterAll(() => demo.drop());

const prepare = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, (databases) => prepareMigration({ ...databases, spec: specOf(demo, spec) }));
const said = (plan: Plan) => plan.blocking.map(({ code, entity, message }) => `${code} ${entity}: ${message}`);
const entityOf = (plan: Plan, name: string) => plan.entities.find(({ entity }) => entity === name)!;
const instanceTables = ['Process', 'Process_Input', 'Process_Output', 'Activity', 'Activity_Output'];

describe('processes in the plan', () => {
  it('are copied entities of the one graph, ordered and deferred across the border to applications', async () => {
    const { plan } = await prepare();
    expect(plan.blocking).toEqual([]);
    for (const name of instanceTables) expect(entityOf(plan, name).role, name).toBe('copied');
    const place = (name: string) => entityOf(plan, name).order;
    expect(place('ApprovalTask')).toBeGreaterThan(place('Activity'));
    expect(place('Activity_Output')).toBeGreaterThan(place('Activity'));
    const references = (name: string) =>
      entityOf(plan, name).references.map(
        ({ attribute, targetName, deferred }) => `${attribute} ${targetName} ${deferred}`,
      );
    expect(references('Process_Input')).toEqual(
      expect.arrayContaining(['INPUT_VALUE Sales.Order false', 'INPUT_VALUE CustomerCore.Customer false']),
    );
    expect(references('Activity_Output')).toEqual(
      expect.arrayContaining([
        'OUTPUT_VALUE (System).User false',
        'OUTPUT_VALUE Sales.PaymentMethod false',
        'OUTPUT_VALUE Sales.Payment false',
      ]),
    );
    expect(references('Process')).toEqual(expect.arrayContaining(['TOP_PROCESS_ID (System).Process true']));
    const { processes, events } = planDocument(plan);
    expect(processes).toMatchObject({ leftOut: 0, outside: 20, setAside: [] });
    expect(events).toEqual([
      { entity: '(System).User', table: 'OSEVT_USER', silenced: true, added: false },
      { entity: 'Sales.Order', table: 'OSEVT_k4w_Order1', silenced: true, added: true },
      { entity: 'Sales.Payment', table: 'OSEVT_k4w_Payment', silenced: true, added: true },
    ]);
    const text = printPlan(plan);
    expect(text).toMatch(/- \d+ instances with subprocesses, activities and values to be copied\n/);
    expect(text).toContain('- 20 instances of modules outside the scope');
    expect(text).toContain(
      '- Sales.Order: OSEVT_k4w_Order1 is emptied while the run writes, and filled again; those of',
    );
  });

  it('count those that are over as left out, and those without definition as set aside, with its name', async () => {
    const { plan } = await prepare(
      {
        destination: [
          `update "OSSYS_BPM_PROCESS_INPUT_DEF" set "SS_KEY" = 'other' where "NAME" = 'CustomerId'`,
          // Publishing both sides anew made it inactive in both: older instances keep it.
          `update "OSSYS_BPM_ACTIVITY_DEFINITION" set "IS_ACTIVE" = 'false' where "NAME" = 'OrderChanged'`,
        ],
        source: [`update "OSSYS_BPM_ACTIVITY_DEFINITION" set "IS_ACTIVE" = 'false' where "NAME" = 'OrderChanged'`],
      },
      { processes: 'active', missingReferences: 'null' },
    );
    expect(plan.processes).toMatchObject({ copied: 0, outside: 20 });
    expect(plan.processes!.leftOut).toBeGreaterThan(10);
    const reason = "'quality' lacks the definition 'CustomerId' of Process_Input";
    expect(plan.processes!.setAside).toEqual([{ reason, trees: expect.any(Number) }]);
    expect(plan.warnings).toContainEqual({
      code: 'process-definition-missing',
      entity: '(System).Process',
      message: expect.stringMatching(
        /^\d+ process instances are set aside, with all that belongs to them: 'quality' lacks/,
      ),
    });
  });

  it('bring the entities along that only their values name, and the trees that rows refer to', async () => {
    const { plan } = await prepare({}, { scope: { espaces: ['FleetCare'] } });
    expect(entityOf(plan, 'Process').role).toBe('copied');
    expect(plan.processes).toMatchObject({ copied: 20 });
    const ofOthers = await prepare(
      {
        source: [
          `insert into "OSSYS_BPM_PROCESS_INPUT" ("INPUT_DEF_ID", "PROCESS_ID", "INPUT_VALUE", "SS_TYPE", "TENANT_ID")
             select i."INPUT_DEF_ID", i."PROCESS_ID", '1', c."SS_TYPE", i."TENANT_ID" from "OSSYS_BPM_PROCESS_INPUT" i,
               (select min("SS_TYPE") as "SS_TYPE" from "OSSYS_BPM_PROCESS_INPUT" where "NAME" = 'CustomerId') c
             where i."ID" = (select min("ID") from "OSSYS_BPM_PROCESS_INPUT" where "NAME" = 'VehicleId')`,
        ],
      },
      { scope: { espaces: ['FleetCare'] }, missingReferences: 'null' },
    );
    expect(ofOthers.plan.entities.map(({ entity }) => entity)).toContain('Customer');
    const customers = await prepare(
      {},
      { scope: { espaces: ['Sales'] }, producers: 'match', missingReferences: 'null' },
    );
    expect(customers.plan.entities.filter(({ role }) => role === 'copied').map(({ espace }) => espace)).not.toContain(
      'CustomerCore',
    );
  });

  it('find values whose row is gone before anything is written, but not in trees that stay behind', async () => {
    const gone = (label: string) =>
      `update "OSSYS_BPM_PROCESS_INPUT" set "INPUT_VALUE" = '987654321' where "SS_TYPE" like 'bt%' and "PROCESS_ID" in
         (select "ID" from "OSSYS_BPM_PROCESS" where "LABEL" like '${label}')`;
    const blocked = await prepare({ source: [gone('Approval production 1')] });
    expect(said(blocked.plan)).toEqual([
      expect.stringMatching(
        /^missing-reference \(System\)\.Process_Input: in \d rows? INPUT_VALUE refers to a row of Sales\.Order that does not exist/,
      ),
    ]);
    expect((await prepare({ source: [gone('Inspection%')] })).plan.blocking).toEqual([]);
  });

  it('need rights on the tables that are written, and the plan says which statement gives them', async () => {
    await demo.changed({}, async ({ source, destination }, sides) => {
      const { ownerUrl } = sides.destination;
      const login = await createLimitedLogin(ownerUrl, `processes_${process.pid}`, true);
      try {
        const tables = await onPlain(ownerUrl, tableNames);
        await login.grant('SELECT', tables);
        await login.grant(
          'INSERT, UPDATE, DELETE',
          tables.filter((table) => /^(OSUSR|OSSYS_(USER|GROUP))/.test(table)),
        );
        const limited = connect({ name: 'quality', url: login.url, readOnly: true, pool: 2 });
        const spec = specOf(demo);
        const { plan } = await prepareMigration({ source, destination: limited, spec }).finally(() => limited.close());
        const granted = (rights: string, name: string) =>
          `GRANT ${rights} ON ${destination.textOf(sql`${sql.table({ schema, name })} TO ${sql.id(login.name)}`)}`;
        expect(said(plan)).toEqual(
          expect.arrayContaining([
            expect.stringContaining(granted('INSERT, UPDATE', 'OSSYS_BPM_PROCESS')),
            expect.stringContaining(granted('INSERT, DELETE', 'OSEVT_k4w_Order1')),
          ]),
        );
        expect(plan.blocking.every(({ code }) => code === 'right-missing')).toBe(true);
      } finally {
        await login.drop();
      }
    });
  });

  it('are blocked by events that wait, in either queue, unless the spec lets them', async () => {
    const destination = [
      'insert into "OSSYS_BPM_EVENT_QUEUE" ("DATA_ID") values (1), (2)',
      'insert into "OSSYS_BPM_EVENT" ("ENTITY_RECORD_ID") values (1)',
    ];
    expect(said((await prepare({ destination })).plan)).toEqual([
      expect.stringMatching(
        /^event-queue-not-empty : 2 events wait in OSSYS_BPM_EVENT_QUEUE of 'quality'; let its scheduler/,
      ),
      expect.stringMatching(/^event-queue-not-empty : 1 event waits in OSSYS_BPM_EVENT of 'quality'/),
    ]);
    const { plan } = await prepare({ destination }, { eventQueues: 'any' });
    expect(plan.blocking).toEqual([]);
    expect(plan.warnings.filter(({ code }) => code === 'event-queue-not-empty').length).toBe(2);
  });
});
