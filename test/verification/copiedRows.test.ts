import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyEntity } from '../../src/copying/copyEntity.ts';
import { fillDeferred } from '../../src/copying/deferred.ts';
import { verifyRun } from '../../src/verification/verifyRun.ts';
import { createWorld, type World } from '../copying/world.ts';
import { dialect, numbers, types } from '../support/ddl.ts';
import { control, entity } from '../support/plannedEntities.ts';
import { totals } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld(
    'verification_copied',
    `create table "ITEM" ("ID" ${types.identity} primary key, "NAME" ${types.text}, "PARENT_ID" bigint,
       "PERSON_ID" bigint);
     create table "TAG" ("ITEM_ID" bigint, "NAME" ${types.text})`,
  );
});
afterAll(() => world.close());

const item = entity('ITEM', 'minted', {
  NAME: 'text',
  PARENT_ID: { target: 'ITEM', deferred: true },
  PERSON_ID: { target: 'PERSON', missing: 'skip' },
});
const tag = entity('TAG', 'none', { ITEM_ID: { target: 'ITEM' }, NAME: 'text' }, { order: 2 });

test('what the copy engine wrote is proven, until somebody changes it', async () => {
  // Parents are younger than their children, so that every reference waits for the second pass.
  await world.source.run(
    dialect.withIds(
      'ITEM',
      `insert into "ITEM" ("ID", "NAME", "PARENT_ID")
         select n, concat('item ', n), case when n < 86 then n + 10 end from ${numbers(1, 95)}`,
    ),
    dialect.withIds('ITEM', `insert into "ITEM" ("ID", "PERSON_ID") values (96, 4711)`),
    `insert into "TAG" select n / 2 + 1, 'tag' from ${numbers(1, 60)}`,
  );
  const context = await world.begin('first', [item, tag]);
  expect(await copyEntity(context, item, control())).toBe('done');
  const { database: journal, pairId, runId } = context.journal;
  const verify = async (openEnd: boolean) => {
    const proof = await verifyRun({ ...context, journal, pairId, runId, mode: 'content', openEnd }, [item, tag]);
    return { verdict: proof.verdict, totals: proof.reports.map(totals) };
  };
  const good = { same: 95, different: 0, missing: 0, extra: 0, setAside: 1 };
  const tags = { same: 60, different: 0, missing: 0, extra: 0, setAside: 0 };
  expect((await verify(true)).totals).toEqual([
    { ...good, same: 10, different: 85 },
    { ...tags, same: 0, missing: 60 },
  ]);
  expect(await fillDeferred(context, item, control())).toBe('done');
  expect(await copyEntity(context, tag, control())).toBe('done');
  expect(await verify(true)).toEqual({ verdict: 'sameButSetAside', totals: [good, tags] });

  await world.destination.run(`insert into "ITEM" ("NAME") select "NAME" from "ITEM" where "ID" > 50`);
  expect(await verify(false)).toEqual({ verdict: 'sameButSetAside', totals: [good, tags] });
  expect((await verify(true)).totals[0]).toEqual({ ...good, extra: 45 });
});
