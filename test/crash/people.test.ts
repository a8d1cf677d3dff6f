import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import {
  arriving,
  emptyApplications,
  instancesEmptied,
  type People,
  readAccounts,
  readPeople,
  union,
} from '../support/people.ts';
import { runOn } from '../support/plainSql.ts';

/**
 * In the order in which a run with one entity at a time reaches them; the batches are small, so each comes by several
 * times. What copied entities pass too is in kill.test.ts.
 */
const places: Record<'update' | 'recreate', string[]> = {
  update: [
    '(System).User/align:before=kill',
    '(System).User/align:after=kill',
    '(System).User/insert:after=kill@2',
    '(System).User/commit:after=kill@1',
    '(System).User/overwrite:before=kill@2',
    '(System).User/overwrite:after=kill@2',
    '(System).Group_User/commit:after=kill@2',
    '(System).Group_User/settle:after=kill',
    '(System).User_Role/insert:after=kill',
  ],
  recreate: [
    '(System).User/align:after=kill',
    '(System).User/intent:after=kill',
    '(System).User/insert:after=kill@2',
    '(System).User/commit:after=kill@3',
    '(System).User/settle:before=kill',
    '(System).User/segment:after=kill@2',
    '(System).Group_User/insert:after=kill',
    '(System).User_Role/commit:after=kill@2',
  ],
};

describe('workers killed while people are aligned', () => {
  const migrations: Partial<Record<string, MigrationTest>> = {};
  beforeAll(async () => {
    for (const users of ['update', 'recreate']) {
      migrations[users] = await createMigrationTest(`people_killed_${users}`, { rows: 300, orphans: false });
    }
  }, 300_000);
  afterAll(async () => {
    for (const migration of Object.values(migrations)) await migration?.cleanUp();
  });

  it.each(['update', 'recreate'] as const)(
    'leave everybody there once, under "%s"',
    async (users) => {
      const { environments, start, startWorker, differences } = migrations[users]!;
      const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
      if (users === 'recreate') {
        await emptyApplications(destination, () => true);
        await runOn(destination, instancesEmptied);
      }
      await runOn(destination, `UPDATE "OSSYS_USER" SET "NAME" = 'old'`);
      const [coming, before] = [arriving(await readPeople(source)), await readPeople(destination)];
      const spec: Partial<MigrationSpecInput> = { users, batchRows: 3, concurrency: 1 };
      const run = await start(`killed-${users}`, spec);
      for (const place of places[users]) {
        const worker = startWorker({ CARAVEL_FAILPOINTS: place });
        const ended = await Promise.race([worker.ended, run.result().then(() => 'the run ended without passing it')]);
        expect(ended, `${place}\n${worker.output()}`).toBe('SIGKILL');
      }
      startWorker();
      const result = await run.result();
      expect(result.status).toBe('completed');
      expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);

      const after = await readPeople(destination);
      // Who is deleted takes what only the destination granted along.
      const stays = (name: string) => users === 'update' || !coming.users.some((user) => name.startsWith(`${user} `));
      for (const what of Object.keys(after) as (keyof People)[]) {
        const kept = what === 'userRoles' || what === 'groupUsers' ? before[what].filter(stays) : before[what];
        expect(after[what], what).toEqual(union(kept, coming[what]));
      }
      const there = await readAccounts(destination);
      for (const [account, { NAME }] of await readAccounts(source)) {
        if (!account.startsWith('ServiceCenter/')) expect(there.get(account)?.NAME, account).toBe(NAME);
      }
      expect((await differences()).filter(({ kind }) => kind === 'rows')).toEqual([]);
    },
    900_000,
  );
});
