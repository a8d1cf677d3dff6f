import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDemoEnvironments, type DemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { copyNaively, createInstancesNaively, createPeopleNaively } from '../support/comparison/naiveCopy.ts';
import {
  beginReading,
  compareEnvironments,
  type Difference,
  type Reading,
  type Snapshot,
  snapshotDestination,
} from '../support/comparison.ts';
import { dialect } from '../support/ddl.ts';
import { serverUrl } from '../support/engine.ts';
import { onPlain, openPlain, type PlainConnection } from '../support/plainSql.ts';
import { forgetConstraints } from '../support/tampering.ts';

const suffix = randomBytes(4).toString('hex');
const names = { sourceDatabase: `compared_source_${suffix}`, destinationDatabase: `compared_destination_${suffix}` };
let environments: DemoEnvironments;
let before: Snapshot;
/** The source never changes, so it is read once. */
let source: Reading;
/** Changes the migrated destination, and takes the change back. */
let owner: PlainConnection;
let definitions: Reading['tables'];

/** What the comparison says after the statement changed the migrated destination. */
async function differencesAfter(statement: string): Promise<Difference[]> {
  await owner.run('BEGIN TRANSACTION');
  try {
    expect(await owner.change(statement), 'rows that the mutation touched').toBeGreaterThan(0);
    return await compareEnvironments({ source, destination: await beginReading(owner, definitions), before });
  } finally {
    // A statement that failed has ended it.
    await owner.run('ROLLBACK').catch(() => {});
  }
}

/** Ids above this are the copy's: the destination's own rows stop well before (see copyNaively). */
const migrated = (table: string) => `"ID" > (SELECT max("ID") FROM "${table}") - 20`;

beforeAll(async () => {
  environments = await buildDemoEnvironments({ serverUrl: serverUrl(), ...names, rows: 150 });
  await onPlain(environments.destination.ownerUrl, forgetConstraints);
  await createPeopleNaively(environments.source.ownerUrl, environments.destination.ownerUrl);
  await createInstancesNaively(environments.source.ownerUrl, environments.destination.ownerUrl);
  before = await snapshotDestination(environments.destination.url);
  await copyNaively(environments.source.ownerUrl, environments.destination.ownerUrl, 'Order Management');
  source = await beginReading(await openPlain(environments.source.url));
  owner = await openPlain(environments.destination.ownerUrl);
  definitions = (await beginReading(owner)).tables;
}, 300_000);

afterAll(async () => {
  await source?.connection.end();
  await owner?.end();
  await dropDemoEnvironments({ serverUrl: serverUrl(), ...names });
});

const lines = 'OSUSR_k4w_OrderLine';
const swap = (table: string, column: string) => `
  UPDATE "${table}" SET "${column}" = CASE WHEN "${table}"."ID" = p.one THEN p.theirs ELSE p.ours END
  FROM (SELECT a."ID" AS one, b."ID" AS other, a."${column}" AS ours, b."${column}" AS theirs
        FROM "${table}" a JOIN "${table}" b ON a."${column}" <> b."${column}"
        WHERE a.${migrated(table)} AND b.${migrated(table)}
        ORDER BY 1, 2 OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY) p
  WHERE "${table}"."ID" IN (p.one, p.other)`;
const one = (table: string, where = '1 = 1') =>
  `"ID" = (SELECT min("ID") FROM "${table}" WHERE ${where} AND ${migrated(table)})`;

describe('the independent comparison', () => {
  it('finds nothing to say about a destination that was migrated well', async () => {
    const { destination } = environments;
    expect(await compareEnvironments({ source, destination: destination.url, before })).toEqual([]);
  });

  it('says that nothing arrived when nothing did', async () => {
    const empty = `compared_empty_${suffix}`;
    const options = {
      serverUrl: serverUrl(),
      sourceDatabase: `${empty}_s`,
      destinationDatabase: `${empty}_d`,
      rows: 20,
    };
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
  }, 300_000);

  const clientOrder = 'OSUSR_k4w_Order1';
  const insertColumns =
    '"ORDERID", "POSITION", "PRODUCTID", "UNITCODE", "TAXRATEID", "WAREHOUSECODE", "QUANTITY", "UNITPRICE", "DISCOUNT", "DESCRIPTION"';
  const wrongs: [what: string, statement: string, kind: Difference['kind'], entity: string][] = [
    ['a lost row', `DELETE FROM "${lines}" WHERE ${one(lines)}`, 'rows', 'Sales.OrderLine'],
    [
      'a doubled row',
      dialect.withIds(
        lines,
        `INSERT INTO "${lines}" ("ID", ${insertColumns}) SELECT "ID" + 5000, ${insertColumns} FROM "${lines}" WHERE ${one(lines)}`,
      ),
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
      `UPDATE "${lines}" SET "DESCRIPTION" = CONCAT("DESCRIPTION", '.') WHERE ${one(lines)}`,
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
      'a time off by the least that its type can tell',
      `UPDATE "OSUSR_k4w_Payment" SET "PAIDON" = ${dialect.nextMoment('"PAIDON"')} WHERE ${one('OSUSR_k4w_Payment', '"PAIDON" IS NOT NULL')}`,
      'rows',
      'Sales.Payment',
    ],
    [
      'another byte in a picture',
      `UPDATE "OSUSR_2pc_ProductImage" SET "IMAGE" = ${dialect.appended('"IMAGE"', dialect.bytes('00'))} WHERE "ID" = (SELECT max("ID") FROM "OSUSR_2pc_ProductImage" WHERE "IMAGE" IS NOT NULL)`,
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
      `INSERT INTO "OSUSR_k4w_OrderAudit" SELECT * FROM
        (SELECT * FROM "OSUSR_k4w_OrderAudit" ORDER BY "ORDERID" OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY) chosen`,
      'rows',
      'Sales.OrderAudit',
    ],
    [
      'lost rows of an entity without identifier',
      `DELETE FROM "OSUSR_2pc_PriceListItem" WHERE "PRICELISTID" = (SELECT min("PRICELISTID") FROM "OSUSR_2pc_PriceListItem")`,
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
      UPDATE "OSUSR_k4w_Payment" SET "ORDERID" = b."ORDERID"
      FROM (SELECT "ID", "ORDERID" FROM "OSUSR_k4w_Payment") b
      WHERE "OSUSR_k4w_Payment"."ID" = (SELECT max("ID") FROM "OSUSR_k4w_Payment")
        AND b."ID" = (SELECT min(c."ID") FROM "OSUSR_k4w_Payment" c, "OSUSR_k4w_Payment" d
                      WHERE d."ID" = (SELECT max("ID") FROM "OSUSR_k4w_Payment")
                        AND c."ORDERID" <> d."ORDERID" AND c.${migrated('OSUSR_k4w_Payment')})`);
    expect(found).not.toEqual([]);
  }, 30_000);
});
