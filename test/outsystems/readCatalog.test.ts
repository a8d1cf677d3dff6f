import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EnvironmentCatalog } from '../../src/outsystems/catalog.ts';
import { matchCatalogs } from '../../src/outsystems/matching.ts';
import { entityName } from '../../src/outsystems/naming.ts';
import { platformEntityKey, platformTarget } from '../../src/outsystems/platform.ts';
import { readCatalog } from '../../src/outsystems/readCatalog.ts';
import { isStale } from '../../src/outsystems/references.ts';
import { type Changes, entityNamed, type SharedDemo, shareDemo } from '../planning/sharedDemo.ts';
import type { Change } from '../support/changing.ts';
import { hiddenColumn, hiddenTable } from '../support/redefinitions.ts';

let demo: SharedDemo;
beforeAll(async () => {
  demo = await shareDemo('catalog', { rows: 40, orphans: false });
});
afterAll(() => demo.drop());

const readBoth = (changes: Changes) =>
  demo.changed(changes, async ({ source, destination }) => ({
    source: await readCatalog(source),
    destination: await readCatalog(destination),
  }));
/** Those of the demo as it is are read once. */
let unchanged: ReturnType<typeof readBoth> | undefined;
const catalogs = (changes?: Changes) => {
  if (changes !== undefined) return readBoth(changes);
  unchanged ??= readBoth({});
  return unchanged;
};
const sourceWith = (...changes: Change[]) => demo.changed({ source: changes }, ({ source }) => readCatalog(source));

function named(catalog: EnvironmentCatalog, name: string) {
  const found = catalog.entities.find((entity) => entityName(entity) === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}
const attributeOf = (catalog: EnvironmentCatalog, name: string, attribute: string) =>
  named(catalog, name).attributes.find((one) => one.name === attribute)!;

describe('reading a catalog', () => {
  it('tells the kinds of entities apart', async () => {
    const { source } = await catalogs();
    expect(named(source, 'Sales.Order').kind).toBe('entity');
    expect(named(source, 'Sales.OrderStatus').kind).toBe('static');
    expect(named(source, 'Sales.CartDraft')).toMatchObject({ kind: 'client', table: null });
    expect(named(source, '(System).User').kind).toBe('platform');
    const erp = named(source, 'ErpConnector.ErpOrder');
    expect(erp).toMatchObject({ kind: 'external', physicalTableName: 'ERP.dbo.SalesOrder', table: null });
    expect(erp.espace.kind).toBe('extension');
  });

  it('finds tables and columns whatever they are called, and the hidden tenant', async () => {
    const { source, destination } = await catalogs();
    expect(named(source, 'Sales.CustomerNote').table?.name).toBe('OSUSR_a1b_Remark');
    expect(named(destination, 'Sales.Order').table?.name).toBe('OSUSR_k4w_Order1');
    expect(attributeOf(source, 'Sales.OrderLine', 'Position').column?.name).toBe('LINE_POSITION');
    expect(named(source, 'Sales.Order').tenantColumn?.name).toBe('TENANT_ID');
    expect(named(source, 'Sales.OrderLine').tenantColumn).toBeNull();
    expect(named(source, 'Sales.OrderAudit').identifier).toBeNull();
    expect(named(source, 'CustomerCore.CustomerProfile').identifier?.references).toBe(
      named(source, 'CustomerCore.Customer').key,
    );
  });

  it('keeps clones apart: each refers to its own entities (trap 1)', async () => {
    const { source } = await catalogs();
    const original = named(source, 'ProductCatalog.Product');
    const copy = named(source, 'ProductCatalog_Copy.Product');
    expect(copy.key.split('*')[1]).toBe(original.key.split('*')[1]);
    const category = attributeOf(source, 'ProductCatalog_Copy.Product', 'CategoryId');
    expect(category.references).toBe(named(source, 'ProductCatalog_Copy.Category').key);
  });

  it('follows a reference to an entity that has moved (trap 2)', async () => {
    const { source } = await catalogs();
    const moved = attributeOf(source, 'Sales.Invoice', 'ShipmentId');
    expect(moved.references).toBe(named(source, 'Fulfilment.Shipment').key);
    expect(isStale(moved)).toBe(true);
  });

  it('does not take a clone for an entity whose module is gone', async () => {
    const deleted = `update "OSSYS_ESPACE" set "IS_ACTIVE" = 'false', "SS_KEY" = 'gone', "NAME" = concat("NAME", '(deleted0)') where "NAME" = 'ProductCatalog'`;
    const catalog = await sourceWith(deleted);
    expect(attributeOf(catalog, 'Sales.DiscountRule', 'CategoryId').references).toBeNull();
  });

  it('reads applications and solutions with the modules and extensions they hold', async () => {
    const { source } = await catalogs();
    const application = source.applications.find(({ name }) => name === 'Order Management')!;
    expect([application.espaceIds.length, application.extensionIds.length]).toEqual([3, 1]);
    const solution = source.solutions.find(({ name }) => name === 'Order Suite')!;
    expect([solution.espaceIds.length, solution.extensionIds.length]).toEqual([4, 1]);
  });

  it('reads active records only', async () => {
    const { source } = await catalogs();
    const key = named(source, 'Sales.OrderStatus').key;
    const names = source.records.filter(({ entity }) => entity === key).map(({ name }) => name);
    expect(names.sort()).toEqual(['Cancelled', 'Confirmed', 'Draft', 'OnHold', 'Shipped']);
  });

  it('does with what a platform version has', async () => {
    const complete = (await catalogs()).source;
    const catalog = await sourceWith(
      ...['EVENT_TABLE_NAME', 'MULTITENANT', 'PRIMARYKEY_SS_KEY'].map((column) => hiddenColumn('OSSYS_ENTITY', column)),
      ...['ORDER_NUM', 'DECIMALS'].map((column) => hiddenColumn('OSSYS_ENTITY_ATTR', column)),
      ...['OSSYS_SOLUTION_REFERENCE', 'OSSYS_SOLUTION', 'OSSYS_ENTITY_RECORD'].map(hiddenTable),
    );
    expect(catalog.solutions).toEqual([]);
    expect(catalog.records).toEqual([]);
    const identifiers = (one: EnvironmentCatalog) =>
      one.entities
        .filter(({ table }) => table?.name.startsWith('OSUSR'))
        .map(({ key, identifier }) => [key, identifier?.name]);
    expect(identifiers(catalog)).toEqual(identifiers(complete));
  });

  it('says of a database without a metamodel that it is none of OutSystems', async () => {
    await expect(sourceWith(hiddenTable('OSSYS_ENTITY_ATTR'))).rejects.toThrow(
      "'production' is no OutSystems database: it has no table OSSYS_ENTITY_ATTR",
    );
  });

  it('compares keys without case', async () => {
    const { source, destination } = await catalogs({
      source: [`update "OSSYS_ENTITY" set "SS_KEY" = upper("SS_KEY") where ${entityNamed('Sales.Order')}`],
    });
    expect(matchCatalogs(source, destination).pairs.has(named(destination, 'Sales.Order').key)).toBe(true);
  });
});

describe('matching two catalogs', () => {
  it('pairs by keys and says by name what only one side has', async () => {
    const { source, destination } = await catalogs();
    const match = matchCatalogs(source, destination);
    expect(match.sourceOnly).toEqual([]);
    const shipment = match.pairs.get(named(source, 'Fulfilment.Shipment').key)!;
    expect(shipment.sourceOnly.map(({ name }) => name)).toEqual(['CustomsCode']);
    const customer = match.pairs.get(named(source, 'CustomerCore.Customer').key)!;
    expect(customer.destinationOnly.map(({ name }) => name)).toEqual(['LoyaltyPoints']);
  });
});

describe('platform tables', () => {
  it('are referred to by their own entity, else by a key that is the same everywhere', async () => {
    const { source } = await catalogs();
    expect(platformTarget(source, 'OSSYS_TENANT')).toBe(named(source, '(System).Tenant').key);
    const without = await sourceWith(`update "OSSYS_ENTITY" set "IS_ACTIVE" = 'false' where "NAME" = 'Tenant'`);
    expect(platformTarget(without, 'OSSYS_TENANT')).toBe(platformEntityKey('OSSYS_TENANT'));
  });
});
