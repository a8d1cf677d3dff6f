import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import { queryOne } from '../../src/database/queries.ts';
import { integer, text } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import type { Finding } from '../../src/plan/finding.ts';
import type { Plan, PlannedEntity } from '../../src/plan/plan.ts';
import { planDocument } from '../../src/plan/planDocument.ts';
import { printPlan } from '../../src/plan/printPlan.ts';
import { prepareMigration } from '../../src/planning/prepareMigration.ts';
import { PlanningError } from '../../src/planning/questions/errors.ts';
import { types } from '../support/ddl.ts';
import { engine } from '../support/engine.ts';
import { createLimitedLogin, tableNames } from '../support/logins.ts';
import { onPlain } from '../support/plainSql.ts';
import { columnType, hiddenColumn, replacedColumn, reseeded, withoutIdentity } from '../support/redefinitions.ts';
import { attributeNamed, type Changes, entityNamed, type SharedDemo, shareDemo, specOf } from './sharedDemo.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('planning', { rows: 80, orphans: false });
});
afterAll(() => demo.drop());

const prepare = (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}) =>
  demo.changed(changes, (databases) => prepareMigration({ ...databases, spec: specOf(demo, spec) }));
const planWith = async (changes: Changes = {}, spec: Partial<MigrationSpecInput> = {}): Promise<Plan> =>
  (await prepare(changes, spec)).plan;

const named = (plan: Plan, name: string): PlannedEntity => {
  const found = plan.entities.find(({ espace, entity }) => `${espace}.${entity}` === name);
  if (!found) throw new Error(`the plan has no ${name}`);
  return found;
};
const referenceOf = (plan: Plan, name: string, attribute: string) =>
  named(plan, name).references.find((reference) => reference.attribute === attribute)!;
const columnOf = (plan: Plan, name: string, column: string) =>
  named(plan, name).columns.find(({ destination }) => destination === column);
const blocking = (plan: Plan) => plan.blocking.map(({ code, entity }) => (entity === '' ? code : `${code} ${entity}`));

describe('the plan of the demo', () => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await planWith();
  });

  it('can run, and survives the journal', () => {
    expect(plan.blocking).toEqual([]);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('copies the scope and its producers, aligns people, matches statics and platform tables, and leaves the rest alone', () => {
    const roles = (role: string) =>
      plan.entities.filter((entity) => entity.role === role).map(({ espace, entity }) => `${espace}.${entity}`);
    expect(roles('copied')).toContain('CustomerCore.Customer');
    expect(roles('copied').filter((name) => /FleetCare|_Copy|Erp|CartDraft|Status/.test(name))).toEqual([]);
    expect(roles('copied').filter((name) => /System/.test(name) && !/Process|Activity/.test(name))).toEqual([]);
    expect(roles('aligned')).toEqual(
      ['User', 'Group', 'Group_Role', 'Group_User', 'User_Role'].map((name) => `(System).${name}`),
    );
    expect(roles('matched')).toEqual(expect.arrayContaining(['(System).Role', '(System).Tenant', 'Sales.OrderStatus']));
  });

  it('has every target before its referrers, deferred references aside', () => {
    const orders = new Map(plan.entities.map(({ key, order }) => [key, order]));
    expect(plan.entities.map(({ order }) => order)).toEqual(plan.entities.map((_, index) => index + 1));
    for (const entity of plan.entities) {
      for (const { target, deferred, missing } of entity.references) {
        if (!deferred && missing !== 'keep') expect(orders.get(target)).toBeLessThan(entity.order);
      }
      for (const key of entity.after) expect(orders.get(key)).toBeLessThan(entity.order);
    }
  });

  it('knows how each entity gets its identifiers', () => {
    expect(named(plan, 'Sales.Order')).toMatchObject({ identifier: 'minted', identifierType: 'integer' });
    expect(named(plan, 'Sales.DiscountRule')).toMatchObject({ identifier: 'kept', identifierType: 'integer' });
    expect(named(plan, 'Fulfilment.Warehouse')).toMatchObject({
      identifier: 'kept',
      identifierType: 'text',
      bound: null,
    });
    expect(named(plan, 'CustomerCore.CustomerProfile')).toMatchObject({ identifier: 'reference' });
    expect(named(plan, 'Sales.OrderAudit')).toMatchObject({ identifier: 'none', identifierType: null, bound: null });
    expect(columnOf(plan, 'Sales.Order', 'ID')).toBeUndefined();
    expect(columnOf(plan, 'Fulfilment.Warehouse', 'CODE')?.handling).toEqual({ as: 'identifier', source: 'CODE' });
  });

  it('translates 1:1 identifiers and tenants as references', () => {
    expect(referenceOf(plan, 'CustomerCore.CustomerProfile', 'Id')).toMatchObject({
      identifier: true,
      deferred: false,
      targetName: 'CustomerCore.Customer',
    });
    expect(columnOf(plan, 'Sales.Order', 'TENANT_ID')?.handling).toMatchObject({
      as: 'reference',
      source: 'TENANT_ID',
    });
    expect(referenceOf(plan, 'Sales.Order', 'TENANT_ID').targetName).toBe('(System).Tenant');
  });

  it('keeps what external references hold, and says so', () => {
    expect(referenceOf(plan, 'Sales.Order', 'ErpOrderId').missing).toBe('keep');
    expect(plan.warnings.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['external-reference', 'stale-reference']),
    );
  });

  it('leaves destination-only columns to their default, else fills them with the neutral value', () => {
    expect(columnOf(plan, 'CustomerCore.Customer', 'LOYALTYPOINTS')).toBeUndefined();
    expect(columnOf(plan, 'CustomerCore.Customer', 'OLDRATING')).toBeUndefined();
    expect(columnOf(plan, 'CustomerCore.Contact', 'NICKNAME')?.handling).toEqual({ as: 'neutral', value: '' });
    expect(columnOf(plan, 'CustomerCore.Contact', 'LASTSEENON')?.handling).toEqual({
      as: 'neutral',
      value: '1900-01-01 00:00:00',
    });
  });

  it('bounds integer identifiers by the largest one and counts the rows up to it', async () => {
    const counted = await demo.changed({}, async ({ source }) => {
      const { schema, table } = named(plan, 'Sales.OrderLine').source!;
      return queryOne(
        source,
        sql`select max(${sql.id('ID')}) as bound, count(*) as total from ${sql.table({ schema, name: table })}`,
        { bound: text, total: integer },
      );
    });
    const line = named(plan, 'Sales.OrderLine');
    expect({ bound: line.bound, total: line.rows }).toEqual(counted);
  });

  it('prints as docs/interface.md says, and for people within 100 columns', () => {
    const document = planDocument(plan);
    expect(document.executable).toBe(true);
    const order = document.entities.find(({ entity }) => entity === 'Order')!;
    expect(Object.keys(order).sort()).toEqual(
      'destination differences entity espace key order references role rows source'.split(' '),
    );
    expect(order.references[0]).toEqual({
      attribute: 'CustomerId',
      target: 'CustomerCore.Customer',
      identifier: false,
      deferred: false,
      rule: 'Protect',
    });
    const text = printPlan(plan);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toContain('This plan can run.');
  });
});

describe('a scope', () => {
  const scopes: [MigrationSpecInput['scope'], string][] = [
    [
      { applications: ['Order Managment'] },
      "'production' has no application 'Order Managment'; did you mean 'Order Management'?",
    ],
    [{ espaces: ['Billing'] }, "'production' has no espace 'Billing'; it has "],
    [{ solutions: ['Ordr Suite'] }, "did you mean 'Order Suite'?"],
    [{ espaces: ['ErpConnector'] }, 'the scope holds no application entity'],
  ];
  it.each(scopes)('that names what is not there is refused in one line: %j', async (scope, message) => {
    const failure = await planWith({}, { scope }).catch((error: unknown) => error as Error);
    expect(failure).toBeInstanceOf(PlanningError);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).not.toContain('\n');
  });

  it('is compared without case', async () => {
    const plan = await planWith({}, { scope: { espaces: ['fleetcare'] }, processes: 'none' });
    expect(plan.entities.filter(({ role }) => role === 'copied').map(({ entity }) => entity)).toEqual([
      'Vehicle',
      'ServiceVisit',
    ]);
  });

  it('of all leaves the platform to itself', async () => {
    const plan = await planWith({}, { scope: { all: true }, processes: 'none' });
    const espaces = new Set(plan.entities.filter(({ role }) => role === 'copied').map(({ espace }) => espace));
    expect([...espaces].sort()).toEqual([
      'CustomerCore',
      'FleetCare',
      'Fulfilment',
      'ProductCatalog',
      'ProductCatalog_Copy',
      'Sales',
    ]);
  });

  it('with producers "match" names the entities left out and counts who refers to them', async () => {
    const plan = await planWith({}, { producers: 'match' });
    expect(named(plan, 'CustomerCore.Customer')).toMatchObject({ role: 'matched', columns: [] });
    expect(plan.warnings.map(({ code }) => code)).toContain('producer-not-copied');
  });
});

describe('what stands in the way', () => {
  const order = entityNamed('Sales.Order');
  const nobody = "'bt11111111-1111-1111-1111-111111111111*22222222-2222-2222-2222-222222222222'";
  const cases: [string, Changes, Partial<MigrationSpecInput>, string[]][] = [
    [
      'the application is missing in the destination',
      { destination: [`update "OSSYS_APPLICATION" set "IS_ACTIVE" = 'false' where "NAME" = 'Order Management'`] },
      {},
      ['application-missing'],
    ],
    [
      'a module is missing, said once for all its entities',
      { destination: [`update "OSSYS_ESPACE" set "IS_ACTIVE" = 'false', "SS_KEY" = 'x' where "NAME" = 'Fulfilment'`] },
      {},
      // One of whose rows the audit names.
      ['espace-missing', 'missing-reference Sales.OrderAudit'],
    ],
    [
      'an entity is missing in the destination',
      { destination: [`update "OSSYS_ENTITY" set "IS_ACTIVE" = 'false' where ${entityNamed('Sales.DiscountRule')}`] },
      {},
      ['entity-missing Sales.DiscountRule'],
    ],
    [
      'a table is missing',
      { destination: [`update "OSSYS_ENTITY" set "PHYSICAL_TABLE_NAME" = 'OSUSR_gone' where ${order}`] },
      {},
      ['physical-table-missing Sales.Order'],
    ],
    [
      'two entities claim one table',
      {
        source: [
          `update "OSSYS_ENTITY" set "PHYSICAL_TABLE_NAME" = (select "PHYSICAL_TABLE_NAME" from "OSSYS_ENTITY" where ${order}) where ${entityNamed('FleetCare.Vehicle')}`,
        ],
      },
      {},
      ['physical-table-shared Sales.Order'],
    ],
    [
      'a reference names an entity that does not exist',
      {
        source: [`update "OSSYS_ENTITY_ATTR" set "TYPE" = ${nobody} where ${attributeNamed('Sales.Payment.OrderId')}`],
      },
      {},
      ['unresolved-reference Sales.Payment'],
    ],
    [
      'an attribute with data is only in the source',
      { source: ['update "OSUSR_q0z_Shipment" set "CUSTOMSCODE" = \'EX-1\''] },
      {},
      ['attribute-only-in-source Fulfilment.Shipment'],
    ],
    [
      'texts are longer than the destination takes',
      {
        destination: [
          'update "OSUSR_k4w_OrderLine" set "DESCRIPTION" = left("DESCRIPTION", 3)',
          columnType('OSUSR_k4w_OrderLine', 'DESCRIPTION', types.textUpTo(3), types.textUpTo(200)),
        ],
      },
      {},
      ['value-does-not-fit Sales.OrderLine'],
    ],
    [
      'decimals would lose their fraction',
      { destination: [columnType('OSUSR_k4w_OrderLine', 'UNITPRICE', 'decimal(37,0)', 'decimal(37,8)')] },
      {},
      ['value-does-not-fit Sales.OrderLine'],
    ],
    [
      'a column has become something else',
      { destination: [replacedColumn('OSUSR_k4w_OrderLine', 'DISCOUNT', types.dateTime, 'decimal(5,2)')] },
      {},
      ['type-differs Sales.OrderLine'],
    ],
    [
      'identifiers are minted on one side only',
      { destination: [withoutIdentity('OSUSR_x6n_ShipmentLine')] },
      {},
      ['identifier-differs Fulfilment.ShipmentLine'],
    ],
    [
      'an identity was reseeded below the largest id',
      { destination: [reseeded('OSUSR_k4w_OrderLine', 4)] },
      {},
      ['identity-behind Sales.OrderLine'],
    ],
    [
      'an entity is multi-tenant in the destination only',
      {
        source: [
          hiddenColumn('OSUSR_a1b_Invoice', 'TENANT_ID'),
          `update "OSSYS_ENTITY" set "MULTITENANT" = 'false' where ${entityNamed('Sales.Invoice')}`,
        ],
      },
      {},
      ['tenant-only-in-destination Sales.Invoice'],
    ],
    [
      'an Ignore reference holds orphans',
      {
        source: [
          'update "OSUSR_a1b_Order" set "CAMPAIGNID" = 999999 where "ID" = (select min("ID") from "OSUSR_a1b_Order")',
        ],
      },
      {},
      ['missing-reference Sales.Order'],
    ],
    [
      'a record that rows refer to is gone in the destination',
      { destination: [`update "OSSYS_ENTITY_RECORD" set "IS_ACTIVE" = 'false' where "NAME" = 'Confirmed'`] },
      {},
      ['missing-reference (System).Process_Output', 'missing-reference Sales.Order'],
    ],
  ];

  it.each(cases)('%s', async (_, changes, spec, expected) => {
    const plan = await planWith(changes, spec);
    expect([...new Set(blocking(plan))]).toEqual(expected);
    for (const { message } of plan.blocking) expect(message).not.toContain('\n');
  });

  it('a cycle of identifiers, written out', async () => {
    const type = (name: string) =>
      `(select concat('bt', s."SS_KEY", '*', e."SS_KEY") from "OSSYS_ENTITY" e join "OSSYS_ESPACE" s on s."ID" = e."ESPACE_ID"
         where e."NAME" = '${name}' and e."IS_ACTIVE" = 'true')`;
    const of = (table: string) => [
      withoutIdentity(table),
      `update "OSSYS_ENTITY_ATTR" set "TYPE" = ${type('CustomerCredit')} where ${attributeNamed('CustomerCore.Customer.Id')}`,
    ];
    const plan = await planWith({ source: of('OSUSR_7i3_Customer'), destination: of('OSUSR_e9d_Customer') });
    const found = plan.blocking.find(({ code }) => code === 'identifier-cycle')!;
    expect(found.message).toContain(
      'CustomerCore.Customer → CustomerCore.CustomerCredit → CustomerCore.CustomerProfile → CustomerCore.Customer',
    );
  });

  it('missing rights', async () => {
    const plan = await demo.changed({}, async ({ source }, sides) => {
      const { ownerUrl } = sides.destination;
      const login = await createLimitedLogin(ownerUrl, `caravel_planning_reader_${process.pid}`, false);
      const tables = await onPlain(ownerUrl, tableNames);
      await login.grant(
        'SELECT',
        tables.filter((table) => table !== 'OSUSR_k4w_Payment'),
      );
      const limited = connect({ name: 'quality', url: login.url, readOnly: false, pool: 2 });
      try {
        return (await prepareMigration({ source, destination: limited, spec: specOf(demo) })).plan;
      } finally {
        await limited.close();
        await login.drop();
      }
    });
    const lacking = plan.blocking.filter(({ code }) => code === 'right-missing');
    const saidOf = (name: string) => lacking.filter(({ entity }) => entity === name).map(({ message }) => message);
    expect(saidOf('Sales.Order')).toEqual([
      expect.stringContaining('may not INSERT, UPDATE on OSUSR_k4w_Order'),
      expect.stringContaining('may not INSERT, DELETE on OSEVT_k4w_Order'),
    ]);
    const ofPayment = plan.blocking.filter(({ entity }) => entity === 'Sales.Payment').map(({ message }) => message);
    expect(ofPayment).toEqual(
      engine === 'sqlserver'
        ? // Nobody sees a table there on which he has no right at all.
          [expect.stringContaining("its table OSUSR_k4w_Payment is not in 'quality'")]
        : [
            expect.stringContaining('may not SELECT on OSUSR_k4w_Payment'),
            expect.stringContaining('may not INSERT, DELETE on OSEVT_k4w_Payment'),
          ],
    );
    // On SQL Server everybody may make them.
    const staging = engine === 'sqlserver' ? [] : [expect.stringContaining('temporary tables')];
    expect(saidOf('')).toEqual(staging);
  });
});

describe('what the spec decides', () => {
  const orphans = {
    source: [
      'update "OSUSR_a1b_Order" set "CAMPAIGNID" = 999999 where "ID" = (select min("ID") from "OSUSR_a1b_Order")',
    ],
  };

  it('ignoreAttributes leaves data behind', async () => {
    const changes = { source: ['update "OSUSR_q0z_Shipment" set "CUSTOMSCODE" = \'EX-1\''] };
    const plan = await planWith(changes, { ignoreAttributes: ['fulfilment.shipment.CustomsCode'] });
    expect(plan.blocking).toEqual([]);
  });

  it('rowErrors sets aside texts that are too long, but never loses a fraction', async () => {
    const changes = {
      destination: [
        'update "OSUSR_k4w_OrderLine" set "DESCRIPTION" = null',
        columnType('OSUSR_k4w_OrderLine', 'DESCRIPTION', types.textUpTo(3), types.textUpTo(200)),
        columnType('OSUSR_k4w_OrderLine', 'UNITPRICE', 'decimal(37,0)', 'decimal(37,8)'),
      ],
    };
    const plan = await planWith(changes, { rowErrors: 'setAside' });
    const said = (findings: Finding[]) =>
      findings.filter(({ code }) => code === 'value-does-not-fit').map(({ message }) => message.split(' ')[0]);
    expect(said(plan.warnings)).toEqual(['Description']);
    expect(said(plan.blocking)).toEqual(['UnitPrice']);
  });

  it('ignoreAttributes leaves a reference behind that names nothing', async () => {
    const change = `update "OSSYS_ENTITY_ATTR" set "TYPE" = 'btx*y' where ${attributeNamed('Sales.Order.CampaignId')}`;
    const plan = await planWith({ source: [change] }, { ignoreAttributes: ['Sales.Order.CampaignId'] });
    expect(plan.blocking).toEqual([]);
    expect(columnOf(plan, 'Sales.Order', 'CAMPAIGNID')?.handling).toEqual({ as: 'neutral', value: null });
  });

  it.each(['null', 'skip'] as const)(
    'missingReferences "%s" turns orphans into a warning',
    async (missingReferences) => {
      const plan = await planWith(orphans, { missingReferences });
      expect(plan.blocking).toEqual([]);
      const warning = plan.warnings.find(({ code }) => code === 'missing-reference')!;
      expect(warning).toMatchObject({ entity: 'Sales.Order', message: expect.stringContaining('in 1 row CampaignId') });
    },
  );

  it('softKeys makes a reference of a plain attribute', async () => {
    const softKeys = [{ attribute: 'Sales.OrderAudit.Sequence', target: 'FleetCare.Vehicle' }];
    const plan = await planWith({}, { softKeys, missingReferences: 'null' });
    expect(referenceOf(plan, 'Sales.OrderAudit', 'Sequence')).toMatchObject({
      targetName: 'FleetCare.Vehicle',
      rule: 'Ignore',
    });
    expect(named(plan, 'FleetCare.Vehicle').role).toBe('copied');
  });

  it.each([
    [{ ignoreAttributes: ['Sales.Order.Nothing'] }, "Sales.Order in 'production' has no attribute 'Nothing'"],
    [{ ignoreAttributes: ['Sales.Ordr.Number'] }, "has no entity 'Ordr'; did you mean 'Order'?"],
    [{ softKeys: [{ attribute: 'Sales.Order.Number', target: 'Sales.Nobody' }] }, "has no entity 'Nobody'"],
    [{ alsoDelete: ['Nowhere.Order'] }, "'quality' has no espace 'Nowhere'"],
  ] satisfies [Partial<MigrationSpecInput>, string][])(
    'a name that means nothing is refused: %j',
    async (spec, message) => {
      const failure = await planWith({}, spec).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PlanningError);
      expect((failure as Error).message).toContain(message);
    },
  );
});
