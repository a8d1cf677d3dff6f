import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkMigrationSpec } from '../../src/config/configuration.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { saveMatchedMaps } from '../../src/identity/mapStore.ts';
import { insertIssues } from '../../src/journal/issues.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { advanceProgress, createProgress } from '../../src/journal/progress.ts';
import { createRun, savePlan, updateRun } from '../../src/journal/runs.ts';
import type { PlannedEntity } from '../../src/plan/plan.ts';
import { createWorkplace, refusal } from './command.ts';

const database = `cli_journal_${process.pid}`;
const url = Object.assign(new URL(process.env.CARAVEL_TEST_POSTGRES!), { pathname: `/${database}` }).href;
const workplace = createWorkplace();
workplace.write('caravel.json', { environments: {}, journal: { url } });
const spec = checkMigrationSpec({ source: 'production', destination: 'quality', scope: { all: true } });

async function on(connectionString: string, statement: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return (await client.query(statement).finally(() => client.end())).rows;
}
const onServer = (statement: string) => on(process.env.CARAVEL_TEST_POSTGRES!, statement);
const onJournal = (statement: string) => on(url, statement);

function planned(order: number, espace: string, entity: string, more: Partial<PlannedEntity> = {}): PlannedEntity {
  return {
    key: `${espace}*${entity}`.toLowerCase(),
    espace,
    entity,
    role: 'copied',
    order,
    component: order,
    source: null,
    destination: null,
    identifier: 'minted',
    identifierType: 'integer',
    rows: 1_000,
    bound: null,
    columns: [],
    references: [],
    after: [],
    differences: [],
    ...more,
    // Nobody looks at the tables of these.
  } as PlannedEntity;
}

const status = planned(1, 'Sales', 'Status', { role: 'matched', rows: 2 });
const order = planned(2, 'Sales', 'Order');
const note = planned(3, 'Sales', 'Note', { identifier: 'none', identifierType: null, rows: 10 });

async function fill(journal: Database): Promise<void> {
  await migrateJournal(journal);
  const { pairId } = await createRun(journal, 'first', { execution: 'execution 1', spec });
  const plan = { source: 'production', destination: 'quality', blocking: [], warnings: [] };
  await savePlan(journal, 'first', { ...plan, entities: [status, order, note] });
  await createProgress(journal, 'first', [order, note]);
  await updateRun(journal, 'first', { status: 'running', phase: 'copying' });
  await advanceProgress(journal, 'first', order.key, {
    counts: { read: 400, inserted: 399, setAside: 1, deferred: 7 },
    state: 'copying',
  });
  await saveMatchedMaps(journal, pairId, 'first', [
    {
      entity: status.key,
      type: 'integer',
      pairs: [
        ['1', '11'],
        ['2', '9007199254740993'],
      ],
    },
    { entity: order.key, type: 'integer', pairs: [['5', '105']] },
  ]);
  await insertIssues(journal, 'first', order.key, [
    { sourceId: '17', code: 'duplicate', reason: 'a row with the same number is there', detail: 'O-1, "quoted"' },
  ]);
  await createRun(journal, 'second', { execution: 'execution 2', spec });
  await updateRun(journal, 'second', { status: 'failed', message: 'the disk is full', finished: true });
}

beforeAll(async () => {
  await onServer(`create database ${database}`);
  const journal = connect({ name: 'journal', url, readOnly: false, pool: 2 });
  await fill(journal).finally(() => journal.close());
});
afterAll(async () => {
  await onServer(`drop database if exists ${database} with (force)`);
  workplace.remove();
});

describe('caravel status', () => {
  it('lists the runs', async () => {
    const { code, stdout } = await workplace.caravel('status', '--json');
    expect(code).toBe(0);
    const runs: { run: string }[] = JSON.parse(stdout);
    expect(runs.map(({ run }) => run).sort()).toEqual(['first', 'second']);
    expect(runs.find(({ run }) => run === 'second')).toMatchObject({ status: 'failed', message: 'the disk is full' });
    expect((await workplace.caravel('status')).stdout).toMatch(/first .* running .* production .* quality/);
  });

  it('tells how far each entity of a run is', async () => {
    const { code, stdout, stderr } = await workplace.caravel('status', 'first', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      run: 'first',
      status: 'running',
      phase: 'copying',
      rowsPerSecond: expect.any(Number),
      entities: [
        {
          espace: 'Sales',
          entity: 'Order',
          key: 'sales*order',
          state: 'copying',
          rows: 1_000,
          read: 400,
          inserted: 399,
          setAside: 1,
          deferred: 7,
        },
        { espace: 'Sales', entity: 'Note', state: 'waiting', rows: 10, read: 0, inserted: 0 },
      ],
    });
    const table = (await workplace.caravel('status', 'first')).stdout;
    expect(table).toContain('Sales.Order');
    expect(table).toContain('400 of 1,010 rows');
    expect(table).not.toContain('reused');
  });

  it('of a run that has ended returns at once, also with --watch', async () => {
    const { code, stdout } = await workplace.caravel('status', 'second', '--watch');
    expect(code).toBe(0);
    expect(stdout).toContain("run 'second' (production → quality): failed");
    expect(stdout).toContain('the disk is full');
  });
});

describe('caravel map', () => {
  const header = 'espace,entity,source_id,destination_id';

  it('writes the pairs of all entities with an id as CSV, 64-bit ids unharmed', async () => {
    const { code, stdout, stderr } = await workplace.caravel('map', 'first');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toEqual([
      header,
      'Sales,Status,1,11',
      'Sales,Status,2,9007199254740993',
      'Sales,Order,5,105',
    ]);
  });

  it('writes one entity, named in any case, and one JSON document with --json', async () => {
    const csv = await workplace.caravel('map', 'first', '--entity', 'sales.ORDER');
    expect(csv.stdout.trimEnd().split('\n')).toEqual([header, 'Sales,Order,5,105']);
    const json = await workplace.caravel('map', 'first', '--entity', 'Sales.Order', '--json');
    expect(JSON.parse(json.stdout)).toEqual([
      { espace: 'Sales', entity: 'Order', source_id: '5', destination_id: '105' },
    ]);
  });

  it('refuses an entity that the run does not have', async () => {
    expect(await workplace.caravel('map', 'first', '--entity', 'Sales.Ordr')).toEqual(
      refusal(
        64,
        "--entity Sales.Ordr: the run has no entity of that name with an id; 'caravel plan' lists the entities",
      ),
    );
  });
});

describe('caravel issues', () => {
  it('exits with 3 while rows are set aside, and says which and why', async () => {
    const json = await workplace.caravel('issues', 'first', '--json');
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      run: 'first',
      open: 1,
      groups: [{ espace: 'Sales', entity: 'Order', code: 'duplicate', state: 'open', rows: 1 }],
      issues: [{ espace: 'Sales', entity: 'Order', source_id: '17', code: 'duplicate', state: 'open' }],
    });
    const csv = await workplace.caravel('issues', 'first', '--csv');
    expect(csv).toEqual({
      code: 3,
      stdout:
        'espace,entity,source_id,code,constraint,reason,detail,state\n' +
        'Sales,Order,17,duplicate,,a row with the same number is there,"O-1, ""quoted""",open\n',
      stderr: '',
    });
    const table = await workplace.caravel('issues', 'first');
    expect(table.code).toBe(3);
    expect(table.stdout).toContain('1 row is set aside');
  });

  it('exits with 0 where there are none', async () => {
    expect(await workplace.caravel('issues', 'second')).toEqual({
      code: 0,
      stdout: "run 'second' has set no rows aside\n",
      stderr: '',
    });
  });
});

describe('a run whose plan was made by another release', () => {
  const planIs = (change: string) => onJournal(`update caravel_run set plan_document = ${change} where id = 'first'`);
  let plan: string;
  beforeAll(async () => {
    [{ plan }] = await onJournal(`select plan_document as plan from caravel_run where id = 'first'`);
  });
  afterAll(() => planIs(`'${plan.replaceAll("'", "''")}'`));

  it.for([
    [`replace(plan_document, '{"format":1,', '{"format":2,')`, 'another release (plan format 2, here 1)'],
    [`replace(plan_document, '{"format":2,', '{')`, 'an earlier release'],
  ] as const)('is refused in one line: %s', async ([change, release]) => {
    await planIs(change);
    const refused = refusal(
      1,
      `the plan of run 'first' was made by ${release} of Caravel; use that release for it, or start a new run`,
    );
    for (const command of ['map', 'issues', 'verify']) {
      expect(await workplace.caravel(command, 'first'), command).toEqual(refused);
    }
  });
});

describe('a run that the journal does not know', () => {
  it.for([['status'], ['map'], ['issues'], ['retry-issues'], ['verify']])('is refused by %s', async ([command]) => {
    expect(await workplace.caravel(command!, 'third')).toEqual(
      refusal(64, "run 'third' is not in the journal; 'caravel status' lists the runs it knows"),
    );
  });
});
