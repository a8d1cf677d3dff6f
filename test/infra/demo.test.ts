import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDemoEnvironments, type DemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { migrationSpec } from '../../src/config/migrationSpec.ts';
import { snapshotDestination } from '../support/comparison.ts';
import { serverUrl } from '../support/engine.ts';
import { onPlain, openPlain, type PlainConnection, runOn, type TextRow } from '../support/plainSql.ts';
import { temporaryTable } from '../support/tampering.ts';

const suffix = randomBytes(4).toString('hex');
const namesOf = (build: string) => ({
  sourceDatabase: `demo_source_${build}_${suffix}`,
  destinationDatabase: `demo_destination_${build}_${suffix}`,
});
const withOrphans = namesOf('orphans');
const withoutOrphans = namesOf('clean');
let orphaned: DemoEnvironments;
let clean: DemoEnvironments;

beforeAll(async () => {
  orphaned = await buildDemoEnvironments({ serverUrl: serverUrl(), ...withOrphans, rows: 200 });
  clean = await buildDemoEnvironments({ serverUrl: serverUrl(), ...withoutOrphans, rows: 200, orphans: false });
}, 300_000);

afterAll(async () => {
  for (const connection of open.values()) await connection.end();
  await dropDemoEnvironments({ serverUrl: serverUrl(), ...withOrphans });
  await dropDemoEnvironments({ serverUrl: serverUrl(), ...withoutOrphans });
});

const open = new Map<string, PlainConnection>();

async function rowsOf(url: string, question: string): Promise<TextRow[]> {
  const connection = open.get(url) ?? (await openPlain(url));
  open.set(url, connection);
  return connection.rows(question);
}

/** Every reference of an active stored entity: where its column is, where its target's identifier is, and its rule. */
const references = `
  WITH entities AS (
    SELECT e."ID" AS "id", e."PHYSICAL_TABLE_NAME" AS physical, e."IS_EXTERNAL" AS "external", e."IS_ACTIVE" AS active,
           CONCAT(coalesce(s."SS_KEY", x."SS_KEY"), '*', e."SS_KEY") AS both_keys, e."SS_KEY" AS inner_key, e."DATA_KIND" AS kind,
           coalesce((SELECT coalesce(a."DATABASE_NAME", upper(a."NAME")) FROM "OSSYS_ENTITY_ATTR" a
            WHERE a."ENTITY_ID" = e."ID" AND a."SS_KEY" = e."PRIMARYKEY_SS_KEY"), 'ID') AS identifier
    FROM "OSSYS_ENTITY" e LEFT JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID"
    LEFT JOIN "OSSYS_EXTENSION" x ON x."ID" = e."EXTENSION_ID")
  SELECT own.physical AS "table", coalesce(a."DATABASE_NAME", upper(a."NAME")) AS "column", a."DELETE_RULE" AS "rule",
         a."TYPE" AS "type", target.physical AS "target", target.identifier AS "identifier", target."external" AS "external"
  FROM "OSSYS_ENTITY_ATTR" a
  JOIN entities own ON own."id" = a."ENTITY_ID" AND own.active = 'true' AND own.kind <> 'clientEntity'
    AND own."external" = 'false'
  LEFT JOIN entities target ON target.active = 'true' AND (target.both_keys = SUBSTRING(a."TYPE", 3, 100)
    OR EXISTS (SELECT 1 FROM entities former WHERE former.active = 'false' AND former.both_keys = SUBSTRING(a."TYPE", 3, 100)
               AND former.inner_key = target.inner_key))
  WHERE a."IS_ACTIVE" = 'true' AND a."TYPE" LIKE 'bt%'`;

const known = new Map<string, Promise<TextRow[]>>();
/** The references of an environment, asked for once. */
function referencesOf(url: string): Promise<TextRow[]> {
  const found = known.get(url) ?? rowsOf(url, references);
  known.set(url, found);
  return found;
}

/** References holding a value whose row is not there, with those values that say "nobody" counted apart. */
async function looseReferences(url: string) {
  const found: { rule: string; dangling: number; nobody: number }[] = [];
  for (const { table, column, rule, target, identifier, external } of await referencesOf(url)) {
    if (external === '1') continue;
    const [counts] = await rowsOf(
      url,
      `SELECT count(CASE WHEN CAST(o."${column}" AS varchar(50)) NOT IN ('0', '') AND t."${identifier}" IS NULL THEN 1 END) AS "dangling",
              count(CASE WHEN CAST(o."${column}" AS varchar(50)) IN ('0', '') THEN 1 END) AS "nobody"
       FROM "${table}" o LEFT JOIN "${target}" t ON t."${identifier}" = o."${column}" WHERE o."${column}" IS NOT NULL`,
    );
    found.push({ rule: String(rule), dangling: Number(counts!.dangling), nobody: Number(counts!.nobody) });
  }
  return found;
}

/** How the engines say that a login may not do something. */
const refusal = /permission denied|permission was denied|must be owner/i;

describe('demo environments', () => {
  it('are the same in every build', async () => {
    const names = namesOf('again');
    try {
      const again = await buildDemoEnvironments({ serverUrl: serverUrl(), ...names, rows: 200 });
      for (const side of ['source', 'destination'] as const) {
        const [first, second] = [
          await snapshotDestination(orphaned[side].ownerUrl),
          await snapshotDestination(again[side].ownerUrl),
        ];
        expect(second.tables).toEqual(first.tables);
      }
    } finally {
      await dropDemoEnvironments({ serverUrl: serverUrl(), ...names });
    }
  }, 300_000);

  it('give a spec that the program accepts', () => {
    expect(migrationSpec.parse(orphaned.spec).missingReferences).toBe('null');
    expect(migrationSpec.parse(clean.spec).missingReferences).toBe('fail');
  });

  it('describe at least 15 entities in 3 espaces of the application', async () => {
    const counted = await rowsOf(
      orphaned.source.url,
      `SELECT e."ESPACE_ID", count(*) AS "entities" FROM "OSSYS_APPLICATION" a
       JOIN "OSSYS_APP_DEFINITION_MODULE" l ON l."APPLICATION_ID" = a."ID" JOIN "OSSYS_MODULE" m ON m."ID" = l."MODULE_ID"
       JOIN "OSSYS_ENTITY" e ON e."ESPACE_ID" = m."ESPACE_ID" AND e."IS_ACTIVE" = 'true'
       WHERE a."NAME" = 'Order Management' GROUP BY e."ESPACE_ID"`,
    );
    expect(counted.length).toBe(3);
    expect(counted.reduce((sum, row) => sum + Number(row.entities), 0)).toBeGreaterThanOrEqual(15);
  });

  it('name every reference by two keys of 36 characters, and each leads to an entity', async () => {
    for (const side of [orphaned.source, orphaned.destination]) {
      const found = await referencesOf(side.url);
      expect(found.length).toBeGreaterThan(60);
      expect(found.filter((row) => String(row.type).length !== 75 || row.target === null)).toEqual([]);
    }
  });

  it('differ in physical names and ids, and agree in keys', async () => {
    const entities = `SELECT CONCAT(s."SS_KEY", e."SS_KEY") AS "key", e."ID" AS "id", e."PHYSICAL_TABLE_NAME" AS "physical"
      FROM "OSSYS_ENTITY" e JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID"
      WHERE e."IS_ACTIVE" = 'true' AND e."PHYSICAL_TABLE_NAME" LIKE 'OSUSR%' ORDER BY 1`;
    const [own, other] = [
      await rowsOf(orphaned.source.url, entities),
      await rowsOf(orphaned.destination.url, entities),
    ];
    expect(other.map((row) => row.key)).toEqual(own.map((row) => row.key));
    own.forEach((row, index) => {
      expect(other[index]!.physical).not.toBe(row.physical);
      expect(other[index]!.id).not.toBe(row.id);
    });
  });

  it('give static records other ids on the two sides, for auto numbers, manual numbers and codes', async () => {
    const records = `SELECT CONCAT("SS_KEY", "ENTITY_SS_KEY", "NAME") AS "key", "NAME" AS "name", "DATA_ID" AS "id"
      FROM "OSSYS_ENTITY_RECORD" WHERE "IS_ACTIVE" = 'true' ORDER BY "ESPACE_ID", "ENTITY_SS_KEY", "SS_KEY"`;
    const other = new Map((await rowsOf(orphaned.destination.url, records)).map((row) => [row.key, row.id]));
    const moved = (await rowsOf(orphaned.source.url, records)).filter((row) => other.get(row.key) !== row.id);
    expect(moved.map((row) => row.name)).toEqual(
      expect.arrayContaining(['Draft', 'Consumer', 'Enterprise', 'Greece', 'DirectDebit']),
    );
  });

  it('hold values without a row behind them only in Ignore references, and only with orphans', async () => {
    const loose = await looseReferences(orphaned.source.url);
    expect(loose.filter((one) => one.rule === 'Ignore' && one.dangling > 0).length).toBeGreaterThan(5);
    expect(loose.filter((one) => one.rule !== 'Ignore' && one.dangling + one.nobody > 0)).toEqual([]);
    for (const url of [clean.source.url, clean.destination.url]) {
      expect((await looseReferences(url)).filter((one) => one.dangling > 0)).toEqual([]);
    }
  });

  it('refer to users whom the destination lacks, and not to all of them', async () => {
    const accounts = `SELECT CONCAT(t."NAME", '/', u."USERNAME") AS "account", u."ID" AS "id"
      FROM "OSSYS_USER" u JOIN "OSSYS_TENANT" t ON t."ID" = u."TENANT_ID"`;
    const there = new Set((await rowsOf(orphaned.destination.url, accounts)).map((row) => row.account));
    const missing = (await rowsOf(orphaned.source.url, accounts)).filter((row) => !there.has(row.account));
    const cited = new Set<unknown>();
    for (const { table, column, target } of await referencesOf(orphaned.source.url)) {
      if (target !== 'OSSYS_USER') continue;
      const ids = await rowsOf(orphaned.source.url, `SELECT DISTINCT "${column}" AS "id" FROM "${table}"`);
      for (const { id } of ids) cited.add(id);
    }
    const names = (isCited: boolean) =>
      missing.filter(({ id }) => cited.has(id) === isCited).map(({ account }) => account);
    expect(names(true)).toEqual(expect.arrayContaining(["Users/o'brien", 'Northwind/clerk1 ']));
    expect(names(false)).toEqual(expect.arrayContaining(['Users/left.long.ago', 'Northwind/new.hire']));
  });

  it('give Caravel a login that can only read the source', async () => {
    const { url } = orphaned.source;
    await expect(rowsOf(url, 'DELETE FROM "OSUSR_a1b_Order"')).rejects.toThrow(refusal);
    await expect(rowsOf(url, 'CREATE TABLE mine (id int)')).rejects.toThrow(refusal);
    if (!temporaryTable.isForEveryone) await expect(rowsOf(url, temporaryTable.statement)).rejects.toThrow(refusal);
  });

  it('give Caravel a login that writes rows of the destination, but neither metamodel nor definitions', async () => {
    const { url } = orphaned.destination;
    await onPlain(url, ({ run }) =>
      run(
        'BEGIN TRANSACTION',
        temporaryTable.statement,
        `INSERT INTO "OSUSR_k4w_Payment" ("RECEIPT") VALUES ('R')`,
        'UPDATE "OSSYS_USER" SET "NAME" = "NAME"',
        'ROLLBACK',
      ),
    );
    for (const forbidden of [
      'UPDATE "OSSYS_ENTITY" SET "NAME" = "NAME"',
      'DELETE FROM "OSSYS_TENANT"',
      'CREATE TABLE mine (id int)',
      'TRUNCATE TABLE "OSUSR_k4w_Payment"',
      'ALTER TABLE "OSUSR_k4w_Payment" DISABLE TRIGGER ALL',
    ]) {
      await expect(rowsOf(url, forbidden), forbidden).rejects.toThrow(refusal);
    }
  });

  it('keep the next new id above every id that is there', async () => {
    const { ownerUrl } = orphaned.destination;
    const largest = async () => Number((await rowsOf(ownerUrl, 'SELECT max("ID") AS "id" FROM "OSSYS_GROUP"'))[0]!.id);
    const before = await largest();
    await runOn(ownerUrl, `INSERT INTO "OSSYS_GROUP" ("NAME") VALUES ('next')`);
    expect(await largest()).toBeGreaterThan(before + 1);
    await runOn(ownerUrl, `DELETE FROM "OSSYS_GROUP" WHERE "NAME" = 'next'`);
  });

  it('bring the history of two environments: shadows, clones, renamed tables, deleted and dead columns', async () => {
    const { url } = orphaned.source;
    const keys = await rowsOf(
      url,
      `SELECT "SS_KEY", count(CASE WHEN "IS_ACTIVE" = 'true' THEN 1 END) AS "active", count(CASE WHEN "IS_ACTIVE" = 'false' THEN 1 END) AS "former"
       FROM "OSSYS_ENTITY" GROUP BY "SS_KEY" HAVING count(*) > 1`,
    );
    expect(keys.some((row) => row.active === '2')).toBe(true);
    expect(keys.some((row) => row.active === '1' && row.former === '1')).toBe(true);
    expect(
      await rowsOf(url, `SELECT "PHYSICAL_TABLE_NAME" AS "physical" FROM "OSSYS_ENTITY" WHERE "NAME" = 'CustomerNote'`),
    ).toEqual([{ physical: 'OSUSR_a1b_Remark' }]);
    const shared = await rowsOf(
      url,
      `SELECT "ENTITY_ID", upper("NAME") FROM "OSSYS_ENTITY_ATTR" GROUP BY "ENTITY_ID", upper("NAME") HAVING count(*) = 2`,
    );
    expect(shared.length).toBe(1);
    const dead = await rowsOf(url, 'SELECT count("BODY") AS "filled" FROM "OSUSR_a1b_Remark"');
    expect(Number(dead[0]!.filled)).toBeGreaterThan(0);
  });
});
