import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dialect, types } from '../support/ddl.ts';
import { entity } from '../support/plannedEntities.ts';
import { createWorld, pairs, totals, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld('identifiers');
});
afterAll(() => world.close());

const allSame = { same: 6, different: 0, missing: 0, extra: 0, setAside: 0 };

describe('rows whose identifier is a reference (1:1)', () => {
  const person = entity('PERSON', 'minted', {});
  const photo = entity('PHOTO', 'reference', { ID: { target: 'PERSON', identifier: true }, NAME: 'text' });

  const ddl = `create table "PHOTO" ("ID" bigint primary key, "NAME" ${types.text})`;

  async function begin() {
    const migration = await world.begin([person, photo]);
    await migration.tables(ddl);
    // Ids come in any order and leave room for rows of others.
    const ids: [string, string][] = [['1', '90'], ['2', '30'], ['3', '50'], ['5', '10'], ['7', '80'], ['9', '20']]; // biome-ignore format: pairs
    await migration.map('PERSON', ids);
    await migration.map('PHOTO', ids);
    const values = (side: 0 | 1) => ids.map((pair) => `(${pair[side]}, 'of ${pair[0]}')`).join();
    await migration.source(`insert into "PHOTO" values ${values(0)}`);
    await migration.destination(`insert into "PHOTO" values ${values(1)}, (31, 'not ours')`);
    return migration;
  }

  test('are the same in any order of ids', async () => {
    const migration = await begin();
    expect(totals(await migration.verify(photo))).toEqual(allSame);
    expect(totals(await migration.verify(photo, { mode: 'counts' }))).toEqual(allSame);
  });

  test('are different when their content is, and missing when they are', async () => {
    const migration = await begin();
    await migration.destination(
      `update "PHOTO" set "NAME" = 'of 8' where "ID" = 50`,
      'delete from "PHOTO" where "ID" = 20',
    );
    const report = await migration.verify(photo);
    expect(totals(report)).toEqual({ ...allSame, same: 4, different: 1, missing: 1 });
    expect(report.examples.map(({ sourceId }) => sourceId)).toEqual(['3', '9']);
  });

  test('are different when they extend another row than in the source', async () => {
    const migration = await world.begin([person, photo]);
    await migration.tables(ddl);
    await migration.map('PERSON', [['1', '11'], ['2', '12']]); // biome-ignore format: pairs
    await migration.map('PHOTO', [['1', '12'], ['2', '11']]); // biome-ignore format: pairs
    await migration.source(`insert into "PHOTO" values (1, 'a'), (2, 'b')`);
    await migration.destination(`insert into "PHOTO" values (12, 'a'), (11, 'b')`);
    const report = await migration.verify(photo);
    expect(totals(report)).toEqual({ ...allSame, same: 0, different: 2 });
    expect(report.examples[0]!.columns).toEqual(['ID']);
  });

  test('are different when their target was never migrated, though it is 0', async () => {
    const migration = await world.begin([person, photo]);
    await migration.tables(ddl);
    await migration.map('PHOTO', pairs(0, 0, 0));
    await migration.source(`insert into "PHOTO" values (0, 'a')`);
    await migration.destination(`insert into "PHOTO" values (0, 'a')`);
    expect(totals(await migration.verify(photo))).toEqual({ ...allSame, same: 0, different: 1 });
  });
});

describe('rows that keep their identifier', () => {
  const code = entity('CODE', 'kept', { NAME: 'text', PARENT: { target: 'CODE', deferred: true } }, { identifierType: 'text' }); // biome-ignore format: one line
  const ids = ['a', 'A', 'ß', '€ 5', 'z"\\', "o'clock"];
  const ddl = (identifier: string) =>
    `create table "CODE" ("ID" ${identifier} primary key, "NAME" ${types.text}, "PARENT" ${types.exactText(36)})`;

  async function begin() {
    const migration = await world.begin([code]);
    await migration.tables(ddl(types.exactText(36)));
    const values = ids.map(
      (id, index) => `(${dialect.text(id)}, 'name ${index}', ${dialect.text(ids[(index * 5) % 6]!)})`,
    );
    await migration.source(`insert into "CODE" values ${values.join()}`);
    await migration.destination(`insert into "CODE" values ${values.join()}, ('b', 'not ours', '')`);
    await migration.map('CODE', ids.map((id): [string, string] => [id, id]), { coding: 'texts' }); // biome-ignore format: one line
    return migration;
  }

  test('are the same', async () => {
    const migration = await begin();
    expect(totals(await migration.verify(code))).toEqual(allSame);
  });

  test('are compared, one by one', async () => {
    const migration = await begin();
    await migration.destination(
      `update "CODE" set "NAME" = '' where "ID" = 'A'`,
      `delete from "CODE" where "ID" = ${dialect.text('€ 5')}`,
      `update "CODE" set "PARENT" = ${dialect.text('ß')} where "ID" = 'a'`,
    );
    const report = await migration.verify(code);
    expect(totals(report)).toEqual({ ...allSame, same: 3, different: 2, missing: 1 });
    expect(totals(await migration.verify(code, { mode: 'counts' }))).toEqual({ ...allSame, same: 5, missing: 1 });
  });

  test('are different when they did not keep it', async () => {
    const migration = await world.begin([code]);
    await migration.tables(ddl(types.exactText(36)));
    await migration.source(`insert into "CODE" values ('x', 'n', null)`);
    await migration.destination(`insert into "CODE" values ('y', 'n', null)`);
    await migration.map('CODE', [['x', 'y']], { coding: 'texts' });
    expect((await migration.verify(code)).examples).toMatchObject([{ kind: 'different', columns: ['ID'] }]);
  });

  test('an empty text refers to no row, and stays', async () => {
    const migration = await begin();
    await migration.source(`update "CODE" set "PARENT" = '' where "ID" = 'a'`);
    await migration.destination(`update "CODE" set "PARENT" = '' where "ID" = 'a'`);
    expect(totals(await migration.verify(code))).toEqual(allSame);
    await migration.destination(`update "CODE" set "PARENT" = null where "ID" = 'a'`);
    expect(totals(await migration.verify(code))).toEqual({ ...allSame, same: 5, different: 1 });
  });

  test('a reused row may spell it another way, as the destination’s collation has it', async () => {
    const migration = await world.begin([code]);
    await migration.tables(ddl(types.exactText(36)), ddl(types.caselessText(36)));
    await migration.source(
      `insert into "CODE" values (${dialect.text('José')}, 'mine', null), ('maria', 'mine', null), ('eva', '', null)`,
    );
    await migration.destination(`insert into "CODE" values ('JOSE', 'theirs', null), ('maria', 'theirs', null)`);
    await migration.map('CODE', [['José', 'José'], ['maria', 'maria'], ['eva', 'eva']], { coding: 'reusedTexts' }); // biome-ignore format: pairs
    expect(totals(await migration.verify(code))).toEqual({ ...allSame, same: 2, missing: 1 });
  });

  test('as integers, they are found wherever they lie', async () => {
    const number = entity('NUMBER', 'kept', { NAME: 'text' });
    const migration = await world.begin([number]);
    await migration.tables(`create table "NUMBER" ("ID" bigint primary key, "NAME" ${types.text})`);
    const wide = ['-9223372036854775808', '-5', '0', '7', '9007199254740993', '9223372036854775807'];
    const values = wide.map((id) => `(${id}, 'n')`).join();
    await migration.source(`insert into "NUMBER" values ${values}`);
    await migration.destination(`insert into "NUMBER" values ${values}, (9007199254740992, 'not ours')`);
    await migration.map('NUMBER', wide.map((id): [string, string] => [id, id])); // biome-ignore format: one line
    expect(totals(await migration.verify(number))).toEqual(allSame);
    await migration.destination(`update "NUMBER" set "NAME" = 'x' where "ID" > 9007199254740992`);
    expect(totals(await migration.verify(number))).toEqual({ ...allSame, same: 4, different: 2 });
  });
});

describe('values of a column whose type the destination widened', () => {
  const log = entity('LOG', 'minted', { DAY: 'datetime', PRICE: 'text', PIECES: 'decimal' });

  test('are the same when they mean the same', async () => {
    const migration = await world.begin([log]);
    await migration.tables(
      'create table "LOG" ("ID" int primary key, "DAY" date, "PRICE" numeric(9,3), "PIECES" int)',
      `create table "LOG" ("ID" int primary key, "DAY" ${types.dateTime}, "PRICE" ${types.text}, "PIECES" numeric(9,3))`,
    );
    await migration.source(`insert into "LOG" values (1, '2024-02-29', 1.500, 10), (2, '2024-03-01', 2, 0)`);
    await migration.destination(
      `insert into "LOG" values (1, '2024-02-29', '1.5', 10), (2, '2024-03-01 00:00:01', '2', 0)`,
    );
    await migration.map('LOG', pairs(1, 2, 0));
    const report = await migration.verify(log);
    expect(totals(report)).toEqual({ ...allSame, same: 1, different: 1 });
    expect(report.examples).toMatchObject([{ sourceId: '2', columns: ['DAY'] }]);
  });
});

describe('rows without identifier', () => {
  const tag = entity('TAG', 'none', { NAME: 'text', PERSON_ID: { target: 'PERSON', missing: 'skip' }, DATA: 'binary' });
  const ddl = `create table "TAG" ("NAME" ${types.text}, "PERSON_ID" bigint, "DATA" ${types.binary})`;
  const { bytes } = dialect;
  /** The bytes of the text null. */
  const nullText = '6e756c6c';
  const written = (shift: number) => `insert into "TAG" values ('red', 1 + ${shift}, ${bytes('')}),
    ('red', 1 + ${shift}, ${bytes('')}), ('red', 2 + ${shift}, ${bytes(nullText)}), ('', 2 + ${shift}, null),
    (null, 2 + ${shift}, null), ('null', null, ${bytes(nullText)})`;

  async function begin() {
    const migration = await world.begin([tag]);
    await migration.tables(ddl);
    await migration.map('PERSON', pairs(1, 2, 100));
    await migration.rowsWritten('TAG', 6);
    await migration.source(written(0));
    await migration.destination(`insert into "TAG" values ('red', 101, ${bytes('')}), ('other', 7, null)`);
    await migration.before(tag, '2');
    return migration;
  }

  test('are the same when each is there as often as in the source', async () => {
    const migration = await begin();
    await migration.destination(written(100));
    let read = 0;
    expect(totals(await migration.verify(tag, {}, { onBatch: (rows) => (read += rows) }))).toEqual(allSame);
    expect(read).toBe(6);
    expect(totals(await migration.verify(tag, { mode: 'counts' }))).toEqual(allSame);
  });

  test('one of three equal ones is missed', async () => {
    const migration = await world.begin([tag]);
    await migration.tables(ddl);
    await migration.source(`insert into "TAG" ("NAME") values ('red'), ('red'), ('red'), ('blue')`);
    await migration.destination(`insert into "TAG" ("NAME") values ('red'), ('red'), ('blue'), ('blue')`);
    await migration.rowsWritten('TAG', 4);
    expect(totals(await migration.verify(tag))).toEqual({ ...allSame, same: 3, missing: 1 });
  });

  test.each([
    ['a scalar', `"NAME" = 'blue' where "NAME" = 'red' and "PERSON_ID" = 102`],
    ['an empty text made NULL', `"NAME" = null where "NAME" = ''`],
    ['a swapped reference', `"PERSON_ID" = 101 where "PERSON_ID" = 102 and "NAME" = 'red'`],
    ['a reference not translated', `"PERSON_ID" = 2 where "PERSON_ID" = 102 and "NAME" = 'red'`],
    ['NULL for the text null', `"NAME" = null where "NAME" = 'null'`],
    ['bytes', `"DATA" = ${bytes('00')} where "DATA" = ${bytes(nullText)} and "NAME" = 'null'`],
    ['a cell moved into its neighbour', `"DATA" = ${bytes(nullText + nullText)}, "NAME" = '' where "NAME" = 'null'`],
  ])('one that differs in %s is missing', async (_, change) => {
    const migration = await begin();
    await migration.destination(written(100));
    await migration.destination(`update "TAG" set ${change}`);
    expect(totals(await migration.verify(tag))).toEqual({ ...allSame, same: 5, missing: 1 });
  });

  test('a set that went in twice is extra', async () => {
    const migration = await begin();
    await migration.destination(written(100));
    await migration.destination(written(100));
    expect(totals(await migration.verify(tag))).toEqual({ ...allSame, extra: 6 });
    expect(totals(await migration.verify(tag, { mode: 'counts' }))).toEqual({ ...allSame, extra: 6 });
    // Later, somebody else may have written them.
    expect(totals(await migration.verify(tag, { openEnd: false }))).toEqual(allSame);
  });

  test('rows from before the run do not stand in for lost ones in a count', async () => {
    const migration = await begin();
    await migration.destination(written(100));
    await migration.destination(`delete from "TAG" where "NAME" = ''`);
    expect(totals(await migration.verify(tag, { mode: 'counts' }))).toEqual({ ...allSame, same: 5, missing: 1 });
  });

  test('rows of an earlier run count as written, and may lack what only the destination has', async () => {
    const grown = { ...tag, columns: [...tag.columns, { destination: 'STARS', kind: 'integer' as const, handling: { as: 'neutral' as const, value: '0' } }] }; // biome-ignore format: one line
    const migration = await world.begin([grown]);
    await migration.tables(ddl);
    await migration.map('PERSON', pairs(1, 2, 100));
    await migration.source(written(0));
    await migration.destination(written(100));
    await migration.destination('alter table "TAG" add "STARS" int');
    await migration.rowsWritten('TAG', 6);
    expect(totals(await migration.verify(grown))).toEqual({ ...allSame, same: 0, missing: 6 });
    await migration.rowsWritten('TAG', 1, 'earlier');
    await migration.before(grown, '1');
    expect(totals(await migration.verify(grown))).toEqual({ ...allSame });
    expect(totals(await migration.verify(grown, { mode: 'counts' }))).toEqual({ ...allSame });
  });

  test('one whose target was not migrated must not be there, and needs its issue', async () => {
    const migration = await begin();
    await migration.destination(written(100));
    await migration.source(`insert into "TAG" values ('lost', 4711, null)`);
    await migration.destination(`insert into "TAG" values ('lost', null, null)`);
    expect(totals(await migration.verify(tag))).toMatchObject({ same: 6, missing: 1, setAside: 0 });
    await migration.setAside('TAG', null);
    expect(totals(await migration.verify(tag))).toMatchObject({ same: 6, missing: 0, setAside: 1 });
    // One issue excuses one row.
    await migration.destination(`delete from "TAG" where "NAME" = ''`);
    expect(totals(await migration.verify(tag))).toMatchObject({ same: 5, missing: 1, setAside: 1 });
  });
});
