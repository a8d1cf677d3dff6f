import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PlannedEntity } from '../../src/plan/plan.ts';
import { verdictOf } from '../../src/verification/report.ts';
import { verifyRun } from '../../src/verification/verifyRun.ts';
import { dialect, numbers, truth, types } from '../support/ddl.ts';
import { entity } from '../support/plannedEntities.ts';
import { createWorld, type Migration, pairs, totals, type World } from './world.ts';

const country: PlannedEntity = { ...entity('COUNTRY', 'minted', { NAME: 'text' }), role: 'matched' };
const person = entity('PERSON', 'minted', {
  NAME: 'text',
  SALARY: 'decimal',
  BORN: 'datetime',
  ACTIVE: 'boolean',
  PHOTO: 'binary',
  COUNTRY_ID: { target: 'COUNTRY' },
  MANAGER_ID: { target: 'PERSON', deferred: true },
  OUTSIDE_ID: { target: 'OUTSIDE', missing: 'keep' },
});
const ddl = `create table "PERSON" ("ID" ${types.identity} primary key, "NAME" ${types.text},
  "SALARY" numeric(12,4), "BORN" ${types.dateTime}, "ACTIVE" ${types.boolean}, "PHOTO" ${types.binary}, "COUNTRY_ID" bigint,
  "MANAGER_ID" bigint, "OUTSIDE_ID" bigint)`;
const insert = (columns: string, from: string) =>
  dialect.withIds('PERSON', `insert into "PERSON" (${columns}) ${from}`);
const everything = '"ID", "NAME", "SALARY", "BORN", "ACTIVE", "PHOTO", "COUNTRY_ID", "MANAGER_ID", "OUTSIDE_ID"';
/** Ids lie 1000 higher in the destination, countries 500. */
const rows = (shift: number, from = 1, to = 10) =>
  insert(
    everything,
    `select n + ${shift}, concat('person ', n), n * 1.5, ${dialect.daysLater("'2020-01-01 10:00:00.5'", 'n')},
       ${truth('n % 2 = 0')}, ${dialect.bytesOf("concat('photo ', n)")}, n % 3 + 1 + ${shift / 2},
       case when n > 1 then n / 2 + ${shift} end, n + 77 from ${numbers(from, to)}`,
  );

let world: World;
let migration: Migration;
beforeAll(async () => {
  world = await createWorld('minted');
});
afterAll(() => world.close());

beforeEach(async () => {
  migration = await world.begin([country, person]);
  await migration.tables(ddl);
  await migration.source(rows(0));
  await migration.destination(insert('"ID", "NAME"', `select n, 'was here' from ${numbers(1, 1000)}`), rows(1000));
  await migration.map('COUNTRY', pairs(1, 3, 500));
  await migration.map('PERSON', pairs(1, 6, 1000));
  await migration.map('PERSON', pairs(7, 10, 1000));
  await migration.before(person, '1000');
});

const allSame = { same: 10, different: 0, missing: 0, extra: 0, setAside: 0 };

describe('rows that arrived', () => {
  test('are the same, and those from before the run are nobody’s business', async () => {
    let read = 0;
    const report = await migration.verify(person, {}, { onBatch: (page) => (read += page) });
    expect(totals(report)).toEqual(allSame);
    expect(report).toMatchObject({ entity: 'PERSON', name: 'Test.PERSON', examples: [], ofEarlierRuns: 0 });
    expect(verdictOf([report])).toBe('same');
    expect(read).toBe(10);
  });

  test('are the same when pages are larger than the table, and when ids lie far apart', async () => {
    await migration.source(insert('"ID", "NAME"', `values (11, 'far')`));
    await migration.destination(insert('"ID", "NAME"', `values (9007199254740993, 'far')`));
    await migration.map('PERSON', [['11', '9007199254740993']]);
    const report = await migration.verify(person, { batch: { rows: 1000, bytes: 1 << 20 } });
    expect(totals(report)).toEqual({ ...allSame, same: 11 });
  });

  test('are found in any order of ids', async () => {
    await migration.source('delete from "PERSON"');
    await migration.source(insert('"ID", "NAME"', `values (11, 'a'), (12, 'b'), (13, 'c'), (14, 'd')`));
    await migration.destination('delete from "PERSON" where "ID" > 1000');
    await migration.destination(insert('"ID", "NAME"', `values (2003,'a'), (2001,'b'), (2004,'c'), (2002,'d')`));
    await migration.map('PERSON', [['11', '2003'], ['12', '2001'], ['13', '2004'], ['14', '2002']]); // biome-ignore format: pairs
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 4 });
  });
});

describe('a row with another content', () => {
  test.each([
    ['NAME', `"NAME" = 'person  4'`],
    ['NAME', '"NAME" = null'],
    ['SALARY', '"SALARY" = 6.0001'],
    ['SALARY', '"SALARY" = null'],
    ['BORN', `"BORN" = ${dialect.nextMoment('"BORN"')}`],
    ['ACTIVE', `"ACTIVE" = ${truth(`"ACTIVE" = 'false'`)}`],
    ['PHOTO', `"PHOTO" = ${dialect.appended('"PHOTO"', dialect.bytes('00'))}`],
    ['COUNTRY_ID', '"COUNTRY_ID" = "COUNTRY_ID" - 500'],
    ['COUNTRY_ID', '"COUNTRY_ID" = null'],
    ['MANAGER_ID', '"MANAGER_ID" = null'],
    ['MANAGER_ID', '"MANAGER_ID" = "MANAGER_ID" + 1'],
    ['OUTSIDE_ID', '"OUTSIDE_ID" = "OUTSIDE_ID" + 1'],
  ])('is different in %s (%s)', async (column, change) => {
    await migration.destination(`update "PERSON" set ${change} where "ID" = 1004`);
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, same: 9, different: 1 });
    const example = { kind: 'different', sourceId: '4', destinationId: '1004', columns: [column] };
    expect(report.examples).toEqual([example]);
    expect(verdictOf([report])).toBe('differs');
  });

  test('names every column that differs, and only a few rows', async () => {
    await migration.destination(`update "PERSON" set "NAME" = 'x', "BORN" = null where "ID" > 1000`);
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, same: 0, different: 10 });
    expect(report.examples).toHaveLength(5);
    expect(report.examples[4]).toMatchObject({ sourceId: '5', columns: ['NAME', 'BORN'] });
    expect(JSON.stringify(report)).not.toContain('person');
  });

  test('an empty text is not NULL, nor no bytes', async () => {
    const emptied = `update "PERSON" set "NAME" = '', "PHOTO" = ${dialect.bytes('')}`;
    await migration.source(`${emptied} where "ID" = 4`);
    await migration.destination(`${emptied} where "ID" = 1004`);
    expect(totals(await migration.verify(person))).toEqual(allSame);
    await migration.destination(`update "PERSON" set "NAME" = null, "PHOTO" = null where "ID" = 1004`);
    expect((await migration.verify(person)).examples).toMatchObject([{ columns: ['NAME', 'PHOTO'] }]);
  });

  test('two rows whose references were swapped are both different', async () => {
    await migration.destination(
      'update "PERSON" set "MANAGER_ID" = case "ID" when 1009 then 1003 else 1004 end where "ID" in (1007, 1009)',
    );
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 8, different: 2 });
  });

  test('rows with each other’s content are different', async () => {
    await migration.destination(
      `update "PERSON" set "NAME" = case "ID" when 1003 then 'person 9' else 'person 3' end where "ID" in (1003, 1009)`,
    );
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 8, different: 2 });
  });
});

describe('a row that is not there', () => {
  test('is missing when the destination lost it', async () => {
    await migration.destination('delete from "PERSON" where "ID" in (1001, 1010)');
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, same: 8, missing: 2 });
    expect(report.examples[0]).toEqual({ kind: 'missing', sourceId: '1', destinationId: '1001', columns: [] });
    expect(report.ofEarlierRuns).toBe(0);
  });

  test('is missing when the map does not know it', async () => {
    await migration.source(rows(0, 11, 11));
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, missing: 1 });
    expect(report.examples).toEqual([{ kind: 'missing', sourceId: '11', destinationId: null, columns: [] }]);
  });

  test('is not missing when it is newer than the plan', async () => {
    await migration.source(rows(0, 11, 12));
    expect(totals(await migration.verify({ ...person, bound: '10' }))).toEqual(allSame);
  });

  test('is counted apart when it was set aside', async () => {
    await migration.source(rows(0, 11, 12));
    await migration.setAside('PERSON', '11');
    await migration.setAside('PERSON', '12');
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, setAside: 2 });
    expect(verdictOf([report])).toBe('sameButSetAside');
  });

  test('is missing when the issue was resolved, or is another run’s or entity’s', async () => {
    await migration.source(rows(0, 11, 13));
    await migration.setAside('PERSON', '13', { resolved: true });
    await migration.setAside('PERSON', '11', { run: 'earlier' });
    await migration.setAside('COUNTRY', '12');
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, missing: 3 });
  });

  test('is missing when the map gives two source rows one row of the destination', async () => {
    await migration.source(
      'update "PERSON" set "MANAGER_ID" = null',
      insert(everything, `select 11, ${everything.replace('"ID", ', '')} from "PERSON" where "ID" = 4`),
    );
    await migration.destination('update "PERSON" set "MANAGER_ID" = null');
    await migration.destination(rows(1001, 10, 10));
    await migration.map('PERSON', [['11', '1004']]);
    // What was written for it is there as well, and belongs to nobody.
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, missing: 1, extra: 1 });
    // Also when both are in one page.
    const large = { batch: { rows: 100, bytes: 1 << 20 } };
    expect(totals(await migration.verify(person, large))).toEqual({ ...allSame, missing: 1, extra: 1 });
  });
});

describe('rows that nobody knows', () => {
  test('a batch that went in twice is extra, the last one too', async () => {
    await migration.destination(rows(1004, 7, 10));
    const report = await migration.verify(person);
    expect(totals(report)).toEqual({ ...allSame, extra: 4 });
    expect(report.examples[0]).toEqual({ kind: 'extra', sourceId: null, destinationId: '1011', columns: [] });
    expect(verdictOf([report])).toBe('differs');
  });

  test('are not blamed on a run that ended long ago, unless they lie among its rows', async () => {
    await migration.destination(rows(1004, 7, 10));
    expect(totals(await migration.verify(person, { openEnd: false }))).toEqual(allSame);
    await migration.map('PERSON', [['11', '1020']]);
    await migration.source(insert('"ID"', `values (11)`));
    await migration.destination(insert('"ID"', `values (1020), (1021)`));
    expect(totals(await migration.verify(person, { openEnd: false }))).toEqual({ ...allSame, same: 11, extra: 4 });
  });

  const named = { ...person, columns: person.columns.slice(0, 1) };

  test('are found when the table was empty before the run, whatever their ids are', async () => {
    const run = await world.begin([named]);
    await run.tables(ddl);
    await run.map('PERSON', pairs(1, 6, 1000));
    await run.source(rows(0, 1, 6));
    await run.destination(rows(990, 1, 2));
    await run.destination(rows(1000, 1, 6));
    expect(totals(await run.verify(named))).toEqual({ ...allSame, same: 6, extra: 2 });
    await run.before(named, '992');
    expect(totals(await run.verify(named))).toEqual({ ...allSame, same: 6 });
  });

  test('are found though the journal’s record of the time before cannot be true', async () => {
    const run = await world.begin([named]);
    await run.tables(ddl);
    await run.map('PERSON', pairs(1, 3, 1000));
    await run.map('PERSON', pairs(4, 6, 1003));
    await run.before(named, '1006');
    await run.source(rows(0, 1, 6));
    await run.destination(rows(1000, 1, 6));
    await run.destination(rows(1003, 4, 6));
    expect(totals(await run.verify(named))).toEqual({ ...allSame, same: 6, extra: 3 });
  });

  test('a row whose source row is gone, or newer than the plan, has its owner', async () => {
    await migration.source('delete from "PERSON" where "ID" in (1, 3)');
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 8 });
    expect(totals(await migration.verify({ ...person, bound: '9' }))).toEqual({ ...allSame, same: 7 });
    await migration.destination(rows(1004, 7, 8));
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 8, extra: 2 });
  });

  test('a run that wrote nothing has none', async () => {
    const run = await world.begin([country, person]);
    await run.tables(ddl);
    await run.map('COUNTRY', pairs(1, 3, 500), { run: 'earlier' });
    await run.map('PERSON', pairs(1, 10, 1000), { run: 'earlier' });
    await run.source(rows(0));
    await run.destination(rows(1000));
    await run.destination(rows(1000, 11, 20));
    expect(totals(await run.verify(person))).toEqual(allSame);
  });
});

describe('references', () => {
  const withMissing = (missing: 'null' | 'skip' | 'fail', deferred = true) => ({
    ...person,
    references: person.references.map((reference) =>
      reference.attribute === 'MANAGER_ID' ? { ...reference, missing, deferred } : reference,
    ),
  });

  beforeEach(async () => {
    await migration.source('update "PERSON" set "MANAGER_ID" = 4711 where "ID" = 4');
    await migration.destination('update "PERSON" set "MANAGER_ID" = null where "ID" = 1004');
  });

  test('NULL is right where the target was not migrated and the spec says null', async () => {
    expect(totals(await migration.verify(withMissing('null')))).toEqual(allSame);
  });

  test('NULL is wrong where the target was migrated', async () => {
    await migration.map('PERSON', [['4711', '1001']]);
    expect(totals(await migration.verify(withMissing('null')))).toEqual({ ...allSame, same: 9, different: 1 });
  });

  test('the source’s id is wrong where the target was not migrated', async () => {
    await migration.destination('update "PERSON" set "MANAGER_ID" = 4711 where "ID" = 1004');
    await migration.setAside('PERSON', '4');
    for (const missing of ['null', 'skip', 'fail'] as const) {
      expect(totals(await migration.verify(withMissing(missing)))).toMatchObject({ same: 9, different: 1 });
    }
  });

  test('NULL is wrong where a missing target should have ended the run or kept the row out', async () => {
    for (const entity of [withMissing('fail'), withMissing('skip', false)]) {
      await migration.setAside('PERSON', '4');
      expect(totals(await migration.verify(entity))).toEqual({ ...allSame, same: 9, different: 1 });
    }
  });

  test('a deferred one that could not be filled needs its issue, of whichever run', async () => {
    expect(totals(await migration.verify(withMissing('skip')))).toEqual({ ...allSame, same: 9, different: 1 });
    await migration.setAside('PERSON', '4', { run: 'earlier' });
    expect(totals(await migration.verify(withMissing('skip')))).toEqual({ ...allSame, same: 9, setAside: 1 });
    await migration.destination(`update "PERSON" set "NAME" = 'x' where "ID" = 1004`);
    const report = await migration.verify(withMissing('skip'));
    expect(totals(report)).toEqual({ ...allSame, same: 9, different: 1 });
    expect(report.examples).toMatchObject([{ columns: ['NAME'] }]);
  });

  test('0 means no row, and stays 0', async () => {
    await migration.source('update "PERSON" set "MANAGER_ID" = 0 where "ID" = 4');
    for (const missing of ['null', 'fail'] as const) {
      expect(totals(await migration.verify(withMissing(missing)))).toMatchObject({ different: 1 });
    }
    await migration.destination('update "PERSON" set "MANAGER_ID" = 0 where "ID" = 1004');
    for (const missing of ['null', 'fail'] as const) {
      expect(totals(await migration.verify(withMissing(missing)))).toEqual(allSame);
    }
  });

  test('what was NULL must still be NULL', async () => {
    await migration.destination('update "PERSON" set "MANAGER_ID" = 1002 where "ID" = 1001');
    const report = await migration.verify(withMissing('null'));
    expect(report.examples).toMatchObject([{ sourceId: '1', columns: ['MANAGER_ID'] }]);
  });
});

describe('rows that this run did not write', () => {
  test('a reused row need only be there', async () => {
    await migration.source(insert('"ID", "NAME"', `values (11, 'mine'), (12, 'mine'), (13, 'mine')`));
    // Two of them were found to be the same row of the destination.
    const reused: [string, string][] = [['11', '7'], ['12', '7'], ['13', '8']]; // biome-ignore format: pairs
    await migration.map('PERSON', reused, { coding: 'reusedPairs' });
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 13 });
    await migration.destination('delete from "PERSON" where "ID" = 7');
    expect(totals(await migration.verify(person))).toEqual({ ...allSame, same: 11, missing: 2 });
  });

  test('a row of an earlier run is compared, and said to be one', async () => {
    const run = await world.begin([country, person]);
    await run.tables(ddl);
    await run.map('COUNTRY', pairs(1, 3, 500));
    // The later run migrated lower source ids.
    await run.map('PERSON', pairs(4, 10, 997), { run: 'earlier' });
    await run.map('PERSON', pairs(1, 3, 1007));
    await run.before(person, '1007');
    const flat = { ...person, columns: person.columns.slice(0, 2) };
    await run.source(rows(0));
    await run.destination(rows(997, 4, 10));
    await run.destination(rows(1007, 1, 3));
    expect(totals(await run.verify(flat))).toEqual(allSame);
    await run.destination(`update "PERSON" set "NAME" = 'x' where "ID" in (1001, 1008)`);
    await run.destination('delete from "PERSON" where "ID" in (1002, 1009)');
    const report = await run.verify(flat);
    expect(totals(report)).toEqual({ ...allSame, same: 6, different: 2, missing: 2 });
    expect(report.ofEarlierRuns).toBe(2);
    // The earlier run's own proof does not know the later one's rows.
    const { runId } = run.context();
    const earlier = await run.verify(flat, { runId: runId.replace('now', 'earlier'), openEnd: false });
    expect(earlier.extra).toBe(0);
  });

  test('what only the destination has is checked where this run wrote the row', async () => {
    const neutral = {
      ...person,
      columns: [
        ...person.columns,
        { destination: 'STARS', kind: 'integer' as const, handling: { as: 'neutral' as const, value: '0' } },
        { destination: 'SCAN', kind: 'binary' as const, handling: { as: 'neutral' as const, value: '' } },
        { destination: 'NOTE', kind: 'other' as const, handling: { as: 'neutral' as const, value: null } },
      ],
    };
    await migration.source(insert('"ID"', `values (11)`));
    await migration.destination(
      `alter table "PERSON" add "STARS" int`,
      `alter table "PERSON" add "SCAN" ${types.binary}`,
      `alter table "PERSON" add "NOTE" ${types.text}`,
      `update "PERSON" set "STARS" = 0, "SCAN" = ${dialect.bytes('')}`,
      insert('"ID"', 'values (999999)'),
    );
    await migration.map('PERSON', [['11', '999999']], { run: 'earlier' });
    expect(totals(await migration.verify(neutral))).toEqual({ ...allSame, same: 11 });
    await migration.destination(
      `update "PERSON" set "STARS" = null where "ID" = 1003`,
      `update "PERSON" set "SCAN" = null where "ID" = 1004`,
      `update "PERSON" set "NOTE" = '' where "ID" = 1005`,
    );
    const report = await migration.verify(neutral);
    expect(report.examples.map(({ columns }) => columns)).toEqual([['STARS'], ['SCAN'], ['NOTE']]);
  });
});

describe('counts', () => {
  test('see what is missing, extra and set aside, and no content', async () => {
    await migration.destination(`update "PERSON" set "NAME" = 'x'`);
    await migration.destination('delete from "PERSON" where "ID" = 1003');
    await migration.destination(rows(1004, 7, 10));
    await migration.source(rows(0, 11, 11));
    await migration.setAside('PERSON', '11');
    const report = await migration.verify(person, { mode: 'counts' });
    expect(totals(report)).toEqual({ same: 9, different: 0, missing: 1, extra: 4, setAside: 1 });
  });
});

describe('a run', () => {
  test('is proven entity by entity, without those it only matched', async () => {
    const seen: string[] = [];
    const context = migration.context();
    const { reports, verdict } = await verifyRun(context, context.plan.entities, ({ name }) => void seen.push(name));
    expect(seen).toEqual(['Test.PERSON']);
    expect(reports).toHaveLength(1);
    expect(verdict).toBe('same');
    await migration.destination('delete from "PERSON" where "ID" = 1003');
    expect((await verifyRun(context, context.plan.entities)).verdict).toBe('differs');
  });

  test('stops between two pages when told to, with the reason given', async () => {
    const abort = new AbortController();
    const reason = new Error('cancelled by the operator');
    let pages = 0;
    const verifying = migration.verify(
      person,
      {},
      {
        signal: abort.signal,
        onBatch: () => {
          pages += 1;
          abort.abort(reason);
        },
      },
    );
    await expect(verifying).rejects.toBe(reason);
    expect(pages).toBe(1);
  });
});
