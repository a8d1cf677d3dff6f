import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialect, truth } from '../support/ddl.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import {
  arriving,
  emptyApplications,
  instancesEmptied,
  type People,
  readAccounts,
  readPeople,
  twins,
  union,
} from '../support/people.ts';
import { runOn } from '../support/plainSql.ts';

function migrationOf(name: string): () => MigrationTest {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest(name, { rows: 400, orphans: false });
    migration.startWorker();
  }, 300_000);
  afterAll(() => migration?.cleanUp());
  return () => migration;
}

describe('users: create', () => {
  const migration = migrationOf('people_create');

  it('inserts whom the destination lacks with their groups and grants, doubles nothing and removes nothing', async () => {
    const { environments, start, differences } = migration();
    const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
    const [coming, before] = [arriving(await readPeople(source)), await readPeople(destination)];
    const accountsBefore = await readAccounts(destination);

    const result = await (await start('create')).result();
    expect(result.users).toEqual({ matched: 48 + twins, created: 8 - twins, updated: 0, recreated: 0 });
    expect(result.groups).toEqual({ matched: 4, created: 1, updated: 0, recreated: 0 });
    const after = await readPeople(destination);
    for (const what of Object.keys(after) as (keyof People)[]) {
      expect(after[what], what).toEqual(union(before[what], coming[what]));
    }
    const [here, there] = [await readAccounts(source), await readAccounts(destination)];
    for (const [account, columns] of accountsBefore) expect(there.get(account), account).toEqual(columns);
    const { ID: _, TENANT_ID: __, ...created } = there.get('Northwind/agência.1')!;
    expect(created).toEqual(expect.objectContaining({ PASSWORD: here.get('Northwind/agência.1')!.PASSWORD }));
    expect(await differences()).toEqual([]);
  }, 300_000);

  it('does it once: the same again inserts nothing, and both runs verify', async () => {
    const { environments, start, caravel } = migration();
    const before = await readPeople(environments.destination.ownerUrl);
    const result = await (await start('again')).result();
    expect(result.users).toEqual({ matched: 56, created: 0, updated: 0, recreated: 0 });
    expect(result.entities.filter(({ inserted }) => inserted > 0).map(({ entity }) => entity)).toEqual([]);
    expect(await readPeople(environments.destination.ownerUrl)).toEqual(before);
    for (const id of ['create', 'again']) expect((await caravel('verify', id)).code, id).toBe(0);
  }, 300_000);

  it('finds again whom it created, renamed since, and one who was deleted there is created anew', async () => {
    const { environments, start } = migration();
    const { ownerUrl } = environments.destination;
    await runOn(
      ownerUrl,
      `UPDATE "OSSYS_USER" SET "USERNAME" = 'renamed there' WHERE "USERNAME" = ${dialect.text('agência.1')}`,
      `DELETE FROM "OSSYS_GROUP_USER" WHERE "USER_ID" = (SELECT "ID" FROM "OSSYS_USER" WHERE "USERNAME" = 'left.long.ago')`,
      `DELETE FROM "OSSYS_USER" WHERE "USERNAME" = 'left.long.ago'`,
    );
    const result = await (await start('renamed')).result();
    expect(result.users).toMatchObject({ matched: 55, created: 1 });
    const { users } = await readPeople(ownerUrl);
    expect(users).toContain('Northwind/renamed there');
    expect(users).not.toContain('Northwind/agência.1');
    expect(users.filter((name) => name === 'Users/left.long.ago').length).toBe(1);
  }, 300_000);
});

describe('users: update', () => {
  const migration = migrationOf('people_update');

  it('overwrites whom it matches, but neither name of login, password nor what the destination knows of its use', async () => {
    const { environments, start, differences, caravel } = migration();
    const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
    await runOn(
      destination,
      `UPDATE "OSSYS_USER" SET "NAME" = 'old', "EMAIL" = NULL, "PASSWORD" = 'own', "LAST_LOGIN" = '2026-05-01', "CREATION_DATE" = '2020-02-02'`,
      `UPDATE "OSSYS_USER" SET "IS_ACTIVE" = ${truth(`"IS_ACTIVE" = 'false'`)} WHERE "USERNAME" LIKE 'clerk%'`,
    );
    const before = await readAccounts(destination);
    const result = await (await start('update', { users: 'update' })).result();
    expect(result.users).toEqual({ matched: twins, created: 8 - twins, updated: 48, recreated: 0 });
    const [here, there] = [await readAccounts(source), await readAccounts(destination)];
    for (const [account, columns] of here) {
      const { ID, TENANT_ID, PASSWORD, CREATION_DATE, LAST_LOGIN, ...rest } = columns;
      if (account.startsWith('ServiceCenter/')) {
        expect(there.get(account)).toEqual(before.get(account));
        continue;
      }
      expect(there.get(account), account).toMatchObject(rest);
      const earlier = before.get(account);
      if (earlier) {
        const kept = { ID: earlier.ID, PASSWORD: 'own', LAST_LOGIN: earlier.LAST_LOGIN };
        expect(there.get(account), account).toMatchObject({ ...kept, CREATION_DATE: earlier.CREATION_DATE });
      }
    }
    for (const [account, columns] of before) if (!here.has(account)) expect(there.get(account)).toEqual(columns);
    expect(await differences()).toEqual([]);

    await runOn(destination, `UPDATE "OSSYS_USER" SET "NAME" = 'changed later' WHERE "USERNAME" = 'clerk3'`);
    const verified = await caravel('verify', 'update');
    expect([verified.code, verified.stdout]).toEqual([1, expect.stringMatching(/User\W+54\W+2\W/)]);
  }, 300_000);
});

describe('users: recreate', () => {
  const migration = migrationOf('people_recreate');

  it('is refused with the list of tables where rows hang on the users, and nothing is written', async () => {
    const { environments, start, caravel, folder } = migration();
    const { ownerUrl } = environments.destination;
    const before = await readAccounts(ownerUrl);
    await expect((await start('refused', { users: 'recreate' })).result()).rejects.toMatchObject({
      cause: expect.objectContaining({ type: 'PlanBlocked', message: expect.stringContaining('FleetCare.Vehicle') }),
    });
    await emptyApplications(ownerUrl, (espace) => espace !== 'FleetCare');
    const spec = path.join(folder, 'recreate.json');
    writeFileSync(spec, JSON.stringify({ ...environments.spec, users: 'recreate' }));
    const planned = await caravel('plan', spec, '--json');
    const { blocking } = JSON.parse(planned.stdout);
    expect(planned.code).toBe(2);
    expect(blocking).toEqual([expect.objectContaining({ code: 'recreate-refused', entity: '(System).User' })]);
    expect(blocking[0].message).toMatch(/FleetCare\.\w+ \(\d+ rows? by OSUSR_0fl_\w+\.\w+\)/);
    expect(blocking[0].message).not.toMatch(/Sales\.|CustomerCore\./);
    expect(await readAccounts(ownerUrl)).toEqual(before);
  }, 300_000);

  it('deletes the matched with their grants and inserts them anew, where nothing else hangs on them', async () => {
    const { environments, start, differences } = migration();
    const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
    await emptyApplications(destination, (espace) => espace === 'FleetCare');
    await runOn(destination, instancesEmptied);
    await runOn(destination, `UPDATE "OSSYS_USER" SET "PASSWORD" = 'own'`);
    const [coming, before] = [arriving(await readPeople(source)), await readPeople(destination)];
    const accountsBefore = await readAccounts(destination);
    const result = await (await start('recreate', { users: 'recreate' })).result();
    expect(result.users).toEqual({ matched: twins, created: 8 - twins, updated: 0, recreated: 48 });
    const after = await readPeople(destination);
    expect(after.users).toEqual(union(before.users, coming.users));
    // Groups keep who created them, though that user has another id now.
    expect(after.groups).toEqual(union(before.groups, coming.groups));
    expect(after.groupRoles).toEqual(union(before.groupRoles, coming.groupRoles));
    const isNobodyHere = (name: string) => !coming.users.some((user) => name.startsWith(`${user} `));
    expect(after.userRoles).toEqual(union(before.userRoles.filter(isNobodyHere), coming.userRoles));
    expect(after.groupUsers).toEqual(union(before.groupUsers.filter(isNobodyHere), coming.groupUsers));
    const [here, there] = [await readAccounts(source), await readAccounts(destination)];
    const largest = Math.max(...[...accountsBefore.values()].map(({ ID }) => Number(ID)));
    for (const [account, { ID, TENANT_ID, ...rest }] of here) {
      if (account.startsWith('ServiceCenter/')) continue;
      expect(there.get(account), account).toMatchObject(rest);
      expect(Number(there.get(account)!.ID)).toBeGreaterThan(largest);
    }
    expect(there.get('ServiceCenter/admin')).toEqual(accountsBefore.get('ServiceCenter/admin'));
    // The destination's own rows were deleted above.
    expect((await differences()).filter(({ kind }) => kind === 'rows')).toEqual([]);
  }, 300_000);
});

describe('users: match', () => {
  const migration = migrationOf('people_match');

  it('writes no people, and goes once an administrator has created whom it lacks', async () => {
    const { environments, start, caravel, folder, differences } = migration();
    const { ownerUrl } = environments.destination;
    const before = await readPeople(ownerUrl);
    await expect((await start('blocked', { users: 'match' })).result()).rejects.toMatchObject({
      cause: expect.objectContaining({ type: 'PlanBlocked' }),
    });

    const spec = path.join(folder, 'match.json');
    const ledger = path.join(folder, 'users.csv');
    writeFileSync(spec, JSON.stringify({ ...environments.spec, users: 'match' }));
    const planned = await caravel('plan', spec, '--users', ledger);
    expect(planned.code).toBe(2);
    expect(planned.stdout).toMatch(/Users that the destination lacks/);
    expect(statSync(ledger).mode & 0o777).toBe(0o600);
    const lines = readFileSync(ledger, 'utf8').split('\n');
    expect(lines[0]).toBe('source_id,username,tenant,decision,destination_id');
    expect(lines).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+,"""quoted"", with comma",Users,missing,$/)]),
    );
    expect(lines.filter((line) => /^\d+,jose\.silva,Users,match,\d+$/.test(line)).length).toBe(1);
    expect(await readPeople(ownerUrl)).toEqual(before);

    await runOn(ownerUrl, `UPDATE "OSSYS_GROUP" SET "NAME" = 'Returns Desk' WHERE "NAME" = 'Testers'`);
    for (const line of lines.filter((one) => one.endsWith(',missing,'))) {
      const [, quoted, tenant] = /^\d+,(.*),(Users|Northwind),missing,$/.exec(line)!;
      const username = quoted!.startsWith('"') ? quoted!.slice(1, -1).replaceAll('""', '"') : quoted!;
      await runOn(
        ownerUrl,
        `INSERT INTO "OSSYS_USER" ("TENANT_ID", "USERNAME", "IS_ACTIVE")
         SELECT "ID", ${dialect.text(username)}, ${truth('1 = 1')} FROM "OSSYS_TENANT" WHERE "NAME" = '${tenant}'`,
      );
    }
    // The platform's scheduler works off what the new users have started.
    await runOn(ownerUrl, 'DELETE FROM "OSSYS_BPM_EVENT_QUEUE"');
    const created = await readPeople(ownerUrl);
    const result = await (await start('match', { users: 'match' })).result();
    expect(result.users).toMatchObject({ created: 0, updated: 0, recreated: 0 });
    const written = result.entities.filter(({ espace }) => espace === '(System)').map(({ entity }) => entity);
    expect(written.filter((entity) => /User|Group/.test(entity))).toEqual([]);
    expect(await readPeople(ownerUrl)).toEqual(created);
    expect(await differences()).toEqual([]);
  }, 300_000);
});
