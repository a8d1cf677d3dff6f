import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyEntity } from '../../src/copying/copyEntity.ts';
import { fillDeferred } from '../../src/copying/deferred.ts';
import type { Database, Transaction } from '../../src/database/port.ts';
import { sql } from '../../src/database/sql.ts';
import { listIssues } from '../../src/journal/issues.ts';
import { getProgress } from '../../src/journal/progress.ts';
import { RunJournal } from '../../src/journal/runJournal.ts';
import { isWritten } from '../../src/plan/plan.ts';
import type { CopyContext } from '../../src/writing/context.ts';
import { dialect, numbers, types } from '../support/ddl.ts';
import { control, entity } from '../support/plannedEntities.ts';
import { createWorld, type World } from './world.ts';

const tables = `
  create table "PARENT" ("ID" ${types.identity} primary key, "NAME" varchar(20));
  create table "CHILD" ("ID" ${types.identity} primary key, "NAME" varchar(20),
    "PARENTID" bigint references "PARENT", "PREVIOUS" bigint references "CHILD");
  create table "DETAIL" ("ID" bigint primary key references "CHILD", "NOTE" ${types.text});
  create table "CODE" ("ID" varchar(20) primary key, "LABEL" ${types.text});
  create table "NODE" ("ID" ${types.identity} primary key, "NAME" varchar(20), "ABOVE" bigint);
  create table "TAG" ("CHILDID" bigint references "CHILD", "WORD" ${types.text});
`;
const parent = entity('PARENT', 'minted', { NAME: 'text' });
const child = entity('CHILD', 'minted', {
  NAME: 'text',
  PARENTID: { target: 'PARENT' },
  PREVIOUS: { target: 'CHILD', deferred: true },
});
const detail = entity('DETAIL', 'reference', { ID: { target: 'CHILD', identifier: true }, NOTE: 'text' });
const code = entity('CODE', 'kept', { LABEL: 'text' }, { identifierType: 'text' });
const tag = entity('TAG', 'none', { CHILDID: { target: 'CHILD' }, WORD: 'text' });
const node = entity('NODE', 'minted', {
  NAME: 'text',
  ABOVE: { target: 'NODE', deferred: true, missing: 'skip' },
});
const all = [parent, child, detail, code, tag];

/** Rows by what they mean, ids left out. */
const meaning = {
  CHILD: `select c."NAME", p."NAME", b."NAME" from "CHILD" c left join "PARENT" p on p."ID" = c."PARENTID"
    left join "CHILD" b on b."ID" = c."PREVIOUS" order by 1, 2, 3`,
  DETAIL: `select c."NAME", d."NOTE" from "DETAIL" d join "CHILD" c on c."ID" = d."ID" order by 1, 2`,
  CODE: `select * from "CODE" order by 1`,
  TAG: `select c."NAME", t."WORD" from "TAG" t left join "CHILD" c on c."ID" = t."CHILDID" order by 1, 2`,
};

async function migrate(context: CopyContext): Promise<void> {
  const written = context.plan.entities.filter(isWritten);
  for (const planned of written) expect(await copyEntity(context, planned, control())).toBe('done');
  for (const planned of written) expect(await fillDeferred(context, planned, control())).toBe('done');
}

async function expectEqual(world: World): Promise<void> {
  for (const statement of Object.values(meaning)) {
    expect(await world.destination.arrays(statement)).toEqual(await world.source.arrays(statement));
  }
}

/** A database whose n-th transaction fails after it took effect (the worker died before it knew) or before. */
function failing(database: Database, fail: { nth: number; after: boolean }): Database {
  let count = 0;
  return new Proxy(database, {
    get(target, name, receiver) {
      if (name !== 'transaction') {
        const value = Reflect.get(target, name, receiver);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async <T>(work: (transaction: Transaction) => Promise<T>): Promise<T> => {
        count += 1;
        const dies = count === fail.nth;
        if (dies && !fail.after) throw new Error('died before');
        const result = await target.transaction(work);
        if (dies && fail.after) throw new Error('died after');
        return result;
      };
    },
  });
}

function failingIn(
  which: 'journal' | 'destination',
  context: CopyContext,
  fail: { nth: number; after: boolean },
): CopyContext {
  if (which === 'destination') return { ...context, destination: failing(context.destination, fail) };
  return { ...context, journal: new RunJournal(failing(context.journal.database, fail), context.journal) };
}

describe('copying entities', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld('copy_entity', tables);
    await world.source.run(
      dialect.withIds(
        'PARENT',
        `insert into "PARENT" ("ID", "NAME") select n * 3, concat('parent ', n) from ${numbers(1, 25)} order by n`,
      ),
      dialect.withIds(
        'CHILD',
        `insert into "CHILD" ("ID", "NAME", "PARENTID", "PREVIOUS")
           select n * 2, concat('child ', n), 3 * (1 + n % 25),
             case when n % 5 = 0 then null when n % 2 = 0 then 2 * (n - 1) else 2 * n + 2 end from ${numbers(1, 35)} order by n`,
      ),
      `insert into "DETAIL" select "ID", concat('note ', "ID") from "CHILD" where "ID" % 3 <> 0`,
      `insert into "CODE" select concat('code ', n), case when n % 3 = 0 then '' when n % 3 = 1 then null else 'label' end
         from ${numbers(1, 33)}`,
      `insert into "TAG" select 2 * (1 + n % 9), concat('word ', n % 4) from ${numbers(1, 60)}`,
    );
  });
  afterAll(() => world?.close());
  const empty = async () => {
    for (const table of ['TAG', 'DETAIL', 'CHILD', 'PARENT', 'CODE'])
      await world.destination.run(`delete from "${table}"`);
    await world.journal.execute(sql`delete from caravel_segment`);
    await world.journal.execute(sql`delete from caravel_intent`);
    await world.journal.execute(sql`update caravel_entity set deferred = 0`);
  };
  const parents = () => world.destination.arrays('select count(*) from "PARENT"');

  it('brings every row over once, whatever its identifier, beside rows that were there', async () => {
    await empty();
    await world.destination.run(`insert into "PARENT" ("NAME") select 'own' from ${numbers(1, 7)}`);
    await migrate(await world.begin('plain', all));
    await expectEqual(world);
    expect(await getProgress(world.journal, 'plain', 'CHILD')).toMatchObject({ read: 35, inserted: 35, state: 'done' });
    const own = await world.destination.arrays(`select count(*) from "PARENT" where "NAME" = 'own'`);
    expect(own).toEqual([['7']]);
  });

  it('inserts nothing the second time, and only what is new the third', async () => {
    await migrate(await world.begin('second', all));
    expect(await getProgress(world.journal, 'second', 'CHILD')).toMatchObject({ known: 35, inserted: 0 });
    expect(await getProgress(world.journal, 'second', 'TAG')).toMatchObject({ known: 60, inserted: 0 });
    const late = `insert into "CHILD" ("ID", "NAME", "PARENTID", "PREVIOUS") values (3, 'late', 3, 2)`;
    await world.source.run(
      dialect.withIds('CHILD', late),
      `insert into "TAG" values (4, 'word 1')`,
      `insert into "CODE" values ('code 0', 'late')`,
    );
    await migrate(await world.begin('third', all));
    await expectEqual(world);
    expect(await getProgress(world.journal, 'third', 'TAG')).toMatchObject({ known: 60, inserted: 1 });
  });

  it.each([
    ['journal', false],
    ['journal', true],
    ['destination', false],
    ['destination', true],
  ] as const)(
    'survives dying at any transaction of the %s (after it took effect: %s)',
    async (which, after) => {
      // Two batches of nearly every entity: a first one and a last one.
      const batch = { rows: 20, bytes: 1 << 20 };
      let deaths = 0;
      for (let died = true; died; ) {
        await empty();
        const context = await world.begin(`die ${which} ${after} ${deaths}`, all, { batch });
        died = false;
        await migrate(failingIn(which, context, { nth: deaths + 1, after })).catch((error: Error) => {
          if (!error.message.startsWith('died')) throw error;
          died = true;
        });
        if (died) await migrate(context);
        await expectEqual(world);
        if (died) deaths += 1;
      }
      expect(deaths).toBeGreaterThan(which === 'journal' ? 25 : 10);
    },
    400_000,
  );

  it('keeps two workers on the same entity from doubling anything', async () => {
    await empty();
    const context = await world.begin('twins', all);
    for (const planned of all) {
      const outcomes = await Promise.all([1, 2, 3].map(() => copyEntity(context, planned, control())));
      expect(outcomes).toEqual(['done', 'done', 'done']);
    }
    for (const planned of all) await fillDeferred(context, planned, control());
    await expectEqual(world);
    expect(await getProgress(world.journal, 'twins', 'CHILD')).toMatchObject({ inserted: 36, read: 36 });
  });

  it('tells its own rows from those an application writes meanwhile, after dying', async () => {
    await empty();
    const context = await world.begin('busy', [parent]);
    // Batches of the entity: state, intent, segment. Dies before the first segment is written, after the commit.
    await expect(
      copyEntity(failingIn('journal', context, { nth: 3, after: false }), parent, control()),
    ).rejects.toThrow('died');
    await world.destination.run(`insert into "PARENT" ("NAME") values ('from the application')`);
    await copyEntity(context, parent, control());
    const rows = await world.destination.arrays(`select count(*), count(distinct "NAME") from "PARENT"`);
    expect(rows).toEqual([['26', '26']]);
  });

  it('stops rather than guess when a row of the batch cannot be told from another', async () => {
    await empty();
    const context = await world.begin('twin row', [parent]);
    await expect(
      copyEntity(failingIn('journal', context, { nth: 3, after: false }), parent, control()),
    ).rejects.toThrow('died');
    await world.destination.run(`insert into "PARENT" ("NAME") values ('parent 10')`);
    await expect(copyEntity(context, parent, control())).rejects.toThrow(
      /cannot be told whether the last batch went in/,
    );
  });

  it('refuses identifiers that are taken, or reuses their rows and leaves them alone', async () => {
    await empty();
    await world.destination.run(`insert into "CODE" values ('code 5', 'own label')`);
    await expect(copyEntity(await world.begin('clash', [code]), code, control())).rejects.toThrow(
      /Test\.CODE: 1 identifier is already taken/,
    );
    const context = await world.begin('reuse', [code], { conflicts: 'reuse' });
    await copyEntity(context, code, control());
    expect(await getProgress(world.journal, 'reuse', 'CODE')).toMatchObject({ known: 20, reused: 1, inserted: 13 });
    expect(await world.destination.arrays(`select "LABEL" from "CODE" where "ID" = 'code 5'`)).toEqual([['own label']]);
  });

  it('sets aside the rows that the destination does not take, and only those', async () => {
    await empty();
    // Up to eight characters.
    const short = `"NAME" not like '_________%' or "NAME" like '%3'`;
    await world.destination.run(`alter table "PARENT" add constraint "short" check (${short})`);
    const context = await world.begin('aside', [parent], { rowErrors: 'setAside' });
    await copyEntity(context, parent, control());
    await world.destination.run(`alter table "PARENT" drop constraint "short"`);
    const refused = await world.source.arrays(`select "ID" from "PARENT" where not (${short}) order by "ID"`);
    const issues = await listIssues(world.journal, 'aside');
    expect(issues.map((issue) => issue.sourceId)).toEqual(refused.map(([id]) => id));
    expect(await getProgress(world.journal, 'aside', 'PARENT')).toMatchObject({
      read: 25,
      inserted: 25 - refused.length,
      setAside: refused.length,
    });
  });

  it('sets aside the rows without identifier that the destination does not take, and tries them again', async () => {
    await empty();
    const counted = 'select "WORD", count(*) from "TAG" group by "WORD" order by "WORD"';
    const words = () => world.destination.arrays(counted);
    const loose = entity('TAG', 'none', { WORD: 'text' });
    const inSource = await world.source.arrays(counted);
    const [bad, count] = inSource.find(([, times]) => Number(times) > 1)!;
    const often = Number(count);
    await world.destination.run(`alter table "TAG" add constraint "refused" check ("WORD" <> '${bad}')`);
    const aside = await world.begin('refused', [loose], { rowErrors: 'setAside', batch: { rows: 7, bytes: 1 << 20 } });
    expect(await copyEntity(aside, loose, control())).toBe('done');
    expect(await words()).toEqual(inSource.filter(([word]) => word !== bad));
    const issues = await listIssues(world.journal, 'refused');
    expect(issues).toHaveLength(often);
    expect(issues[0]).toMatchObject({ sourceId: null, code: 'invalid-value', constraint: 'refused' });
    const total = inSource.reduce((sum, [, times]) => sum + Number(times), 0);
    expect(await getProgress(world.journal, 'refused', 'TAG')).toMatchObject({
      read: total,
      inserted: total - often,
      setAside: often,
    });
    await world.destination.run('alter table "TAG" drop constraint "refused"');
    const again = await world.begin('taken', [loose], { rowErrors: 'setAside' });
    expect(await copyEntity(again, loose, control())).toBe('done');
    expect(await words()).toEqual(inSource);
    expect(await getProgress(world.journal, 'taken', 'TAG')).toMatchObject({ known: total - often, inserted: often });
  });

  it('sets aside, before they are written, rows that will lack a deferred reference, and those that refer to them', async () => {
    const above = { 2: 1, 3: 99, 4: 3, 5: 6, 7: 4, 8: 9, 9: 98, 11: 30, 12: 0, 21: 7, 30: 97 } as Record<
      number,
      number
    >;
    const rows = Array.from(
      { length: 30 },
      (_, index) => `(${index + 1}, 'n${index + 1}', ${above[index + 1] ?? null})`,
    );
    const nodes = `insert into "NODE" ("ID", "NAME", "ABOVE") values ${rows.join(', ')}`;
    await world.source.run(dialect.withIds('NODE', nodes));
    for (const run of ['skip', 'skip again']) {
      const context = await world.begin(run, [node]);
      await migrate(context);
      const aside = await listIssues(world.journal, run);
      const ids = (code: string) =>
        aside.filter((issue) => issue.code === code).map(({ sourceId }) => Number(sourceId));
      expect(ids('missing-reference').sort((a, b) => a - b)).toEqual([3, 4, 7, 8, 9, 21, 30]);
      // 30 is set aside when 11 is there already.
      expect(ids('reference-left-null')).toEqual(run === 'skip' ? [11] : []);
      expect(await getProgress(world.journal, run, 'NODE')).toMatchObject({
        read: 30,
        setAside: 7,
        ...(run === 'skip' ? { inserted: 23, nulled: 1 } : { inserted: 0, known: 23 }),
      });
    }
    const found = await world.destination.arrays(
      `select n."NAME", coalesce(a."NAME", cast(n."ABOVE" as varchar(20))) from "NODE" n
         left join "NODE" a on a."ID" = n."ABOVE" where n."ABOVE" is not null order by 1`,
    );
    expect(found).toEqual([
      ['n12', '0'],
      ['n2', 'n1'],
      ['n5', 'n6'],
    ]);
  });

  it('rolls back and stops when the destination mints an identifier below its largest', async () => {
    await empty();
    await world.destination.run(
      dialect.withIds('PARENT', `insert into "PARENT" ("ID", "NAME") values (1000000, 'far')`),
      dialect.restartIdentity('PARENT', 500),
    );
    await expect(copyEntity(await world.begin('reseeded', [parent]), parent, control())).rejects.toThrow(
      /reseeded above MAX/,
    );
    expect(await parents()).toEqual([['1']]);
    await world.destination.run(dialect.restartIdentity('PARENT', 2_000_000));
  });

  it('writes nothing any more once its run lost the destination', async () => {
    await empty();
    const context = await world.begin('old', [parent]);
    await world.begin('new', [parent]);
    await expect(copyEntity(context, parent, control())).rejects.toThrow(/no longer holds the destination/);
    expect(await parents()).toEqual([['0']]);
  });
});
