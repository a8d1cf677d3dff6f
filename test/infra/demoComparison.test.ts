import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDemoEnvironments, type DemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { onDatabase } from '../../infra/services/onDatabase.ts';
import { copyNaively, createInstancesNaively, createPeopleNaively } from '../support/comparison/naiveCopy.ts';
import { compareEnvironments, type Difference, type Snapshot, snapshotDestination } from '../support/comparison.ts';

const serverUrl = process.env.CARAVEL_TEST_POSTGRES!;
const suffix = randomBytes(4).toString('hex');
const names = { sourceDatabase: `compared_source_${suffix}`, destinationDatabase: `compared_destination_${suffix}` };
const mutated = `compared_mutated_${suffix}`;
let environments: DemoEnvironments;
let before: Snapshot;

async function run(url: string, statement: string): Promise<number> {
  const result = await onDatabase(url, (client) => client.query(statement));
  return (Array.isArray(result) ? result.at(-1) : result).rowCount ?? 0;
}

/** What the comparison says after the statement changed the migrated destination. */
async function differencesAfter(statement: string): Promise<Difference[]> {
  await run(serverUrl, `DROP DATABASE IF EXISTS "${mutated}" WITH (FORCE)`);
  await run(serverUrl, `CREATE DATABASE "${mutated}" TEMPLATE "${names.destinationDatabase}"`);
  const url = new URL(environments.destination.ownerUrl);
  url.pathname = `/${mutated}`;
  const touched = await run(url.href, `SET session_replication_role = replica; ${statement}`);
  expect(touched, 'rows that the mutation touched').toBeGreaterThan(0);
  return compareEnvironments({ source: environments.source.url, destination: url.href, before });
}

/** Ids above this are the copy's: the destination's own rows stop well before (see copyNaively). */
const migrated = (table: string) => `"ID" > (SELECT max("ID") FROM "${table}") - 20`;

beforeAll(async () => {
  environments = await buildDemoEnvironments({ serverUrl, ...names, rows: 150 });
  await createPeopleNaively(environments.source.ownerUrl, environments.destination.ownerUrl);
  await createInstancesNaively(environments.source.ownerUrl, environments.destination.ownerUrl);
  before = await snapshotDestination(environments.destination.url);
  await copyNaively(environments.source.ownerUrl, environments.destination.ownerUrl, 'Order Management');
}, 120_000);

afterAll(async () => {
  await run(serverUrl, `DROP DATABASE IF EXISTS "${mutated}" WITH (FORCE)`);
  await dropDemoEnvironments({ serverUrl, ...names });
});

const lines = 'OSUSR_k4w_OrderLine';
const swap = (table: string, column: string) => `
  WITH pair AS (
    SELECT a."ID" AS one, b."ID" AS other, a."${column}" AS first, b."${column}" AS second
    FROM "${table}" a JOIN "${table}" b ON a."${column}" <> b."${column}"
    WHERE a.${migrated(table)} AND b.${migrated(table)} ORDER BY 1, 2 LIMIT 1)
  UPDATE "${table}" t SET "${column}" = CASE WHEN t."ID" = pair.one THEN pair.second ELSE pair.first END
  FROM pair WHERE t."ID" IN (pair.one, pair.other)`;
const one = (table: string, where = 'true') =>
  `"ID" = (SELECT "ID" FROM "${table}" WHERE ${where} AND ${migrated(table)} LIMIT 1)`;

describe('the independent comparison', () => {
  it('finds nothing to say about a destination that was migrated well', async () => {
    const { source, destination } = environments;
    expect(await compareEnvironments({ source: source.url, destination: destination.url, before })).toEqual([]);
  });

  it('says that nothing arrived when nothing did', async () => {
    const empty = `compared_empty_${suffix}`;
    const options = { serverUrl, sourceDatabase: `${empty}_s`, destinationDatabase: `${empty}_d`, rows: 20 };
    const built = await buildDemoEnvironments(options);
    const snapshot = await snapshotDestination(built.destination.url);
    const found = await compareEnvironments({
      source: built.source.url,
      destination: built.destination.url,
      before: snapshot,
    });
    await dropDemoEnvironments(options);
    expect(found.length).toBeGreaterThan(20);
    expect(found.every((difference) => difference.kind === 'rows')).toBe(true);
  }, 60_000);

  const clientOrder = 'OSUSR_k4w_Order1';
  const insertColumns =
    '"ORDERID", "POSITION", "PRODUCTID", "UNITCODE", "TAXRATEID", "WAREHOUSECODE", "QUANTITY", "UNITPRICE", "DISCOUNT", "DESCRIPTION"';
  const wrongs: [what: string, statement: string, kind: Difference['kind'], entity: string][] = [
    ['a lost row', `DELETE FROM "${lines}" WHERE ${one(lines)}`, 'rows', 'Sales.OrderLine'],
    [
      'a doubled row',
      `INSERT INTO "${lines}" ("ID", ${insertColumns}) SELECT "ID" + 5000, ${insertColumns} FROM "${lines}" WHERE ${one(lines)}`,
      'rows',
      'Sales.OrderLine',
    ],
    ['two references to orders that changed places', swap(lines, 'ORDERID'), 'rows', 'Sales.OrderLine'],
    ['two references to users that changed places', swap(clientOrder, 'CREATEDBY'), 'rows', 'Sales.Order'],
    ['two references to static records that changed places', swap(clientOrder, 'STATUSID'), 'rows', 'Sales.Order'],
    ['two references to products that changed places', swap(lines, 'PRODUCTID'), 'rows', 'Sales.OrderLine'],
    [
      'two deferred references that changed places',
      swap('OSUSR_k4w_Invoice', 'SETTLEMENTPAYMENTID'),
      'rows',
      'Sales.Invoice',
    ],
    ['a parent that changed', swap('OSUSR_2pc_Category', 'PARENTCATEGORYID'), 'rows', 'ProductCatalog.Category'],
    [
      'a reference that stayed NULL',
      `UPDATE "OSUSR_k4w_Invoice" SET "SETTLEMENTPAYMENTID" = NULL WHERE ${one('OSUSR_k4w_Invoice', '"SETTLEMENTPAYMENTID" > 0')}`,
      'rows',
      'Sales.Invoice',
    ],
    [
      'a changed text',
      `UPDATE "${lines}" SET "DESCRIPTION" = "DESCRIPTION" || '.' WHERE ${one(lines)}`,
      'rows',
      'Sales.OrderLine',
    ],
    [
      'NULL instead of an empty text',
      `UPDATE "${clientOrder}" SET "COMMENT" = NULL WHERE ${one(clientOrder, `"COMMENT" = ''`)}`,
      'rows',
      'Sales.Order',
    ],
    [
      'the null identifier 0 made NULL',
      `UPDATE "${clientOrder}" SET "CAMPAIGNID" = NULL WHERE "ID" = (SELECT max("ID") FROM "${clientOrder}" WHERE "CAMPAIGNID" = 0)`,
      'rows',
      'Sales.Order',
    ],
    [
      'a time off by a millisecond',
      `UPDATE "OSUSR_k4w_Payment" SET "PAIDON" = "PAIDON" + interval '1 ms' WHERE ${one('OSUSR_k4w_Payment', '"PAIDON" IS NOT NULL')}`,
      'rows',
      'Sales.Payment',
    ],
    [
      'another byte in a picture',
      `UPDATE "OSUSR_2pc_ProductImage" SET "IMAGE" = "IMAGE" || '\\x00' WHERE "ID" = (SELECT max("ID") FROM "OSUSR_2pc_ProductImage" WHERE "IMAGE" IS NOT NULL)`,
      'rows',
      'ProductCatalog.ProductImage',
    ],
    [
      'a row in another tenant',
      `UPDATE "${clientOrder}" SET "TENANT_ID" = 7 - "TENANT_ID" WHERE ${one(clientOrder)}`,
      'rows',
      'Sales.Order',
    ],
    [
      'a doubled row of an entity without identifier',
      `INSERT INTO "OSUSR_k4w_OrderAudit" SELECT * FROM "OSUSR_k4w_OrderAudit" LIMIT 1`,
      'rows',
      'Sales.OrderAudit',
    ],
    [
      'a lost row of an entity without identifier',
      `DELETE FROM "OSUSR_2pc_PriceListItem" WHERE ctid = (SELECT max(ctid) FROM "OSUSR_2pc_PriceListItem")`,
      'rows',
      'ProductCatalog.PriceListItem',
    ],
    [
      'an id of the source left in an Ignore reference',
      `UPDATE "${clientOrder}" SET "CAMPAIGNID" = 987654321 WHERE ${one(clientOrder)}`,
      'rows',
      'Sales.Order',
    ],
    [
      'a reference to a row of the destination itself',
      `UPDATE "${lines}" SET "ORDERID" = (SELECT min("ID") FROM "${clientOrder}") WHERE ${one(lines)}`,
      'rows',
      'Sales.OrderLine',
    ],
    [
      'a kept code that changed',
      `UPDATE "OSUSR_x6n_Warehouse" SET "CODE" = 'wh-999' WHERE "CODE" = 'wh-009'`,
      'rows',
      'Fulfilment.Warehouse',
    ],
    [
      'a 1:1 extension of another account',
      `UPDATE "OSUSR_k4w_SalesRepresentative" SET "ID" = (SELECT min("ID") FROM "OSSYS_USER" WHERE "USERNAME" LIKE 'clerk%' AND "ID" NOT IN (SELECT "ID" FROM "OSUSR_k4w_SalesRepresentative"))
       WHERE "ID" = (SELECT max("ID") FROM "OSUSR_k4w_SalesRepresentative" WHERE "REGION" <> '')`,
      'rows',
      'Sales.SalesRepresentative',
    ],
    [
      'an attribute of the destination left NULL',
      `UPDATE "${clientOrder}" SET "RISKSCORE" = NULL WHERE ${one(clientOrder)}`,
      'rows',
      'Sales.Order',
    ],
    [
      'an existing row that changed',
      `UPDATE "${lines}" SET "QUANTITY" = 77 WHERE "ID" = (SELECT min("ID") FROM "${lines}")`,
      'existing',
      'Sales.OrderLine',
    ],
    [
      'an existing row that is gone',
      `DELETE FROM "${lines}" WHERE "ID" = (SELECT min("ID") FROM "${lines}")`,
      'existing',
      'Sales.OrderLine',
    ],
    [
      'a row written into the clone of a module',
      `INSERT INTO "OSUSR_w83_PriceList" ("ID", "NAME") VALUES (1, 'stray')`,
      'outside',
      'OSUSR_w83_PriceList',
    ],
    [
      'a static record that was added',
      `INSERT INTO "OSUSR_x6n_Carrier" ("LABEL") VALUES ('stray')`,
      'outside',
      'OSUSR_x6n_Carrier',
    ],
    [
      'a user that was renamed',
      `UPDATE "OSSYS_USER" SET "NAME" = 'Somebody' WHERE "USERNAME" = 'tester1'`,
      'outside',
      'OSSYS_USER',
    ],
    ['a stranger that was emptied', `DELETE FROM "IMPORT_2019"`, 'outside', 'IMPORT_2019'],
  ];
  it.each(wrongs)(
    'sees %s',
    async (_, statement, kind, entity) => {
      const found = await differencesAfter(statement);
      expect(found.map((difference) => [difference.kind, difference.entity])).toContainEqual([kind, entity]);
    },
    30_000,
  );

  it('tells rows of equal content apart by the rows that refer to them', async () => {
    // Two payments made alike settle different invoices; who settles which is seen from the invoices alone.
    const found = await differencesAfter(`
      UPDATE "OSUSR_k4w_Payment" a SET "ORDERID" = b."ORDERID"
      FROM "OSUSR_k4w_Payment" b
      WHERE a."ID" = (SELECT max("ID") FROM "OSUSR_k4w_Payment")
        AND b."ID" = (SELECT min(c."ID") FROM "OSUSR_k4w_Payment" c, "OSUSR_k4w_Payment" d
                      WHERE d."ID" = (SELECT max("ID") FROM "OSUSR_k4w_Payment")
                        AND c."ORDERID" <> d."ORDERID" AND c.${migrated('OSUSR_k4w_Payment')})`);
    expect(found).not.toEqual([]);
  }, 30_000);
});
