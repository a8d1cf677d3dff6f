import { connect } from '../../src/database/connect.ts';
import type { Cell, Database } from '../../src/database/port.ts';
import { sql } from '../../src/database/sql.ts';
import { written } from '../sqlText.ts';
import type { BenchEngine, BenchSide, Measured, TypeWord } from './engine.ts';
import {
  type BenchTable,
  buildBenchDatabase,
  createTable,
  insert,
  key,
  plainConstraints,
  plainTable,
  statuses,
} from './environment.ts';
import { secondsOf, withBenchWorker } from './worker.ts';

/** Activities of one process. */
const activitiesEach = 10;

/** The columns of activities; those of the plain entity beside them have the same types. */
export const activityColumns: [string, TypeWord][] = [
  ['ID', 'integer'],
  ['TENANT_ID', 'integer'],
  ['ACTIVITY_DEF_ID', 'integer'],
  ['PROCESS_ID', 'integer'],
  ['NAME', 'text'],
  ['USER_ID', 'integer'],
  ['CREATED', 'dateTime'],
  ['OPENED', 'dateTime'],
  ['CLOSED', 'dateTime'],
  ['STATUS_ID', 'integer'],
  ['IS_RUNNING_SINCE', 'dateTime'],
  ['IS_RUNNING_AT', 'text'],
  ['NEXT_RUN', 'dateTime'],
  ['PRECEDENT_ACTIVITY_ID', 'integer'],
  ['PRECEDENT_OUTCOME', 'text'],
  ['DUE_DATE', 'dateTime'],
  ['INBOX_DETAIL', 'text'],
  ['EXPIRED', 'boolean'],
  ['SKIPPED', 'boolean'],
  ['ERROR_COUNT', 'integer'],
  ['LAST_ERROR_ID', 'text'],
  ['LAST_MODIFIED', 'dateTime'],
  ['GROUP_ID', 'integer'],
];

const columns = (...named: [string, TypeWord][]): [string, TypeWord][] => [['ID', 'integer'], ...named];
const definition = columns(['NAME', 'text'], ['SS_KEY', 'text'], ['IS_ACTIVE', 'boolean']);
const tables: BenchTable[] = [
  { name: 'OSSYS_BPM_PROCESS_STATUS', columns: columns(['NAME', 'text'], ['IS_TERMINAL', 'boolean']) },
  { name: 'OSSYS_BPM_ACTIVITY_STATUS', columns: columns(['NAME', 'text'], ['IS_TERMINAL', 'boolean']) },
  { name: 'OSSYS_BPM_PROCESS_DEFINITION', columns: [...definition, ['ESPACE_ID', 'integer']] },
  { name: 'OSSYS_BPM_ACTIVITY_DEFINITION', columns: [...definition, ['PROCESS_DEF_ID', 'integer']] },
  { name: 'OSSYS_BPM_ACTIVITY_OUTPUT_DEF', columns: [...definition, ['ACTIVITY_DEF_ID', 'integer']] },
  {
    name: 'OSSYS_BPM_PROCESS',
    columns: columns(
      ['TENANT_ID', 'integer'],
      ['LABEL', 'text'],
      ['PROCESS_DEF_ID', 'integer'],
      ['PARENT_PROCESS_ID', 'integer'],
      ['PARENT_ACTIVITY_ID', 'integer'],
      ['TOP_PROCESS_ID', 'integer'],
      ['STATUS_ID', 'integer'],
      ['CREATED_BY', 'integer'],
    ),
    identity: 'integer',
  },
  { name: 'OSSYS_BPM_ACTIVITY', columns: activityColumns, identity: 'integer' },
  {
    name: 'OSSYS_BPM_ACTIVITY_OUTPUT',
    columns: columns(
      ['TENANT_ID', 'integer'],
      ['OUTPUT_DEF_ID', 'integer'],
      ['ACTIVITY_ID', 'integer'],
      ['SS_KEY', 'text'],
      ['NAME', 'text'],
      ['DATA_TYPE', 'text'],
      ['OUTPUT_VALUE', 'text'],
      ['SS_TYPE', 'text'],
    ),
    identity: 'integer',
  },
];

/**
 * Of activities and their outputs, of which every other is a user's id; and of an ordinary entity of as many columns.
 */
export interface MeasuredProcesses {
  plain: Measured;
  instances: Measured;
}

/**
 * A million activities with their outputs, second pass included, beside a million rows of an ordinary entity with as
 * many columns, foreign keys and indexes; each as the journal saw them.
 */
export async function measureProcesses(options: {
  engine: BenchEngine;
  temporal: string;
  folder: string;
  activities: number;
  source: BenchSide;
  destination: BenchSide;
}): Promise<MeasuredProcesses> {
  const { engine, temporal, folder, activities } = options;
  const build = async (name: string, side: BenchSide, rows: number) => {
    const url = await buildBenchDatabase(engine, name, { ...side, plain: activityColumns });
    const database = connect({ name, url, readOnly: false, pool: 2 });
    try {
      for (const table of tables) await createTable(database, engine, table);
      for (const [table, cells] of definitionRows(side)) await insert(database, engine, table, cells);
      if (rows > 0) await fill(database, engine, side, rows);
      for (const statement of [...constraints, ...plainConstraints(side.code)]) {
        await database.execute(written(statement));
      }
      await engine.analyze(database);
    } finally {
      await database.close();
    }
    return url;
  };
  const place = {
    temporal,
    folder,
    name: 'processes',
    source: await build('source_processes', options.source, activities),
    destination: await build('destination_processes', options.destination, 0),
    journal: await engine.recreateDatabase('journal_processes'),
  };
  return withBenchWorker(place, async ({ journal, migrate }) => {
    const plainRun = await migrate('plain', { processes: 'none' });
    const plain = plainRun.result.entities.find(({ entity }) => entity === 'Plain')!;
    // Known rows are read again by every run; here they would only be in the way.
    await emptied(place.source, plainTable(options.source.code));
    const { result } = await migrate('instances');
    const instances = result.entities.filter(
      ({ inserted, entity }) => inserted > 0 && /^PROCESS|ACTIVITY/i.test(entity),
    );
    if (!plain.verified || instances.some(({ verified }) => !verified))
      throw new Error('what was migrated was not verified');
    return {
      plain: { rows: plain.inserted, seconds: await secondsOf(journal, 'plain', [plain.key]) },
      instances: {
        rows: instances.reduce((sum, { inserted }) => sum + inserted, 0),
        seconds: await secondsOf(
          journal,
          'instances',
          instances.map((one) => one.key),
        ),
      },
    };
  });
}

async function emptied(url: string, table: string): Promise<void> {
  const database = connect({ name: 'source', url, readOnly: false, pool: 1 });
  await database.execute(sql`delete from ${sql.id(table)}`);
  await database.close();
}

function definitionRows({ offset }: BenchSide): [string, Cell[][]][] {
  const id = (n: number) => String(offset + n);
  const steps = Array.from({ length: activitiesEach }, (_, index) => index + 1);
  const named = (name: string, n = 1) => [id(n), name, key(name), '1'];
  return [
    ['OSSYS_BPM_PROCESS_STATUS', [[id(1), 'Active', '0']]],
    ['OSSYS_BPM_ACTIVITY_STATUS', [[id(1), 'Ready', '0']]],
    ['OSSYS_BPM_PROCESS_DEFINITION', [[...named('Process'), id(1)]]],
    ['OSSYS_BPM_ACTIVITY_DEFINITION', steps.map((n) => [...named(`Step ${n}`, n), id(1)])],
    ['OSSYS_BPM_ACTIVITY_OUTPUT_DEF', steps.map((n) => [...named(`Output ${n}`, n), id(n)])],
  ];
}

/** In statements that both engines take. */
async function fill(database: Database, engine: BenchEngine, { code, offset, allUsers }: BenchSide, rows: number) {
  await database.execute(sql`create table bench_numbers (n bigint not null primary key)`);
  const digits = Array.from({ length: 1_000 }, (_, n) => `(${n})`).join(', ');
  await database.execute(written(`insert into bench_numbers (n) values ${digits}`));
  await database.execute(
    sql`insert into bench_numbers (n)
        select a.n * 1000 + b.n from bench_numbers a cross join bench_numbers b where a.n > 0`,
  );
  const load = (table: string, names: string[], select: string, count: number) =>
    database.transaction(async (transaction) => {
      const { before, after } = engine.withIds(table);
      for (const statement of before) await transaction.execute(statement);
      const list = names.map((name) => `"${name}"`).join(', ');
      await transaction.execute(
        written(`insert into "${table}" (${list}) select ${select} from bench_numbers where n < ${count} order by n`),
      );
      for (const statement of after) await transaction.execute(statement);
    });
  const names = (table: string) => tables.find(({ name }) => name === table)!.columns.map(([name]) => name);
  const tenant = String(offset + 1);
  const user = `${offset} + 1 + (n * 7919) % ${allUsers}`;
  await load(
    'OSSYS_BPM_PROCESS',
    names('OSSYS_BPM_PROCESS'),
    `n + 1, ${tenant}, concat('Process ', n), ${offset + 1}, null, null, n + 1, ${offset + 1}, ${user}`,
    rows / activitiesEach,
  );
  const moment = "'2026-01-02 03:04:05'";
  const activity = (definitions: number, owner: string, precedent: string) =>
    `n + 1, ${tenant}, ${offset} + 1 + n % ${definitions}, ${owner}, concat('Step ', n % ${activitiesEach}), ${user},
     ${moment}, ${moment}, null, ${offset + 1}, null, '', ${moment}, ${precedent}, '', ${moment}, 'a detail', ${engine.no}, ${engine.no}, 0, null,
     ${moment}, null`;
  await load(
    'OSSYS_BPM_ACTIVITY',
    names('OSSYS_BPM_ACTIVITY'),
    activity(activitiesEach, `n / ${activitiesEach} + 1`, `case when n % ${activitiesEach} = 0 then null else n end`),
    rows,
  );
  await load(
    'OSSYS_BPM_ACTIVITY_OUTPUT',
    names('OSSYS_BPM_ACTIVITY_OUTPUT'),
    `n + 1, ${tenant}, ${offset} + 1 + n % ${activitiesEach}, n + 1, 'key', 'Output', 'rtInteger',
     case when n % 2 = 0 then concat('', ${user}) else 'a value' end,
     case when n % 2 = 0 then 'bt${key('system espace')}*${key('User')}' else 'rtText' end`,
    rows,
  );
  await load(plainTable(code), names('OSSYS_BPM_ACTIVITY'), activity(statuses, 'n', 'n'), rows);
  await database.execute(sql`drop table bench_numbers`);
}

const constraint = (table: string, column: string, target: string) =>
  `alter table "OSSYS_BPM_${table}" add constraint "FK_${table}_${column}" foreign key ("${column}") references "OSSYS_BPM_${target}" ("ID")`;
const constraints = [
  constraint('PROCESS', 'TOP_PROCESS_ID', 'PROCESS'),
  constraint('ACTIVITY', 'PROCESS_ID', 'PROCESS'),
  constraint('ACTIVITY', 'ACTIVITY_DEF_ID', 'ACTIVITY_DEFINITION'),
  constraint('ACTIVITY_OUTPUT', 'ACTIVITY_ID', 'ACTIVITY'),
  constraint('ACTIVITY_OUTPUT', 'OUTPUT_DEF_ID', 'ACTIVITY_OUTPUT_DEF'),
  'create index "IX_ACTIVITY_PROCESS" on "OSSYS_BPM_ACTIVITY" ("PROCESS_ID")',
];
