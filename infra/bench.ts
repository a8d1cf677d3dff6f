import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '../src/database/connect.ts';
import { startPostgres } from '../src/services/postgres.ts';
import { startTemporal } from '../src/services/temporal.ts';
import type { BenchEngine, BenchSide, Measured } from './bench/engine.ts';
import { buildBenchDatabase } from './bench/environment.ts';
import { measureCopy, measureRowByRow, measureSetUp } from './bench/floor.ts';
import { measureMigration } from './bench/migration.ts';
import { measurePeople } from './bench/people.ts';
import { postgresBench } from './bench/postgres.ts';
import { measureProcesses } from './bench/processes.ts';
import { sqlserverBench } from './bench/sqlserver.ts';

/**
 * `npm run bench`: one entity of a million rows, and the people it refers to, through the whole engine, side by side
 * with its floor (`COPY` out piped into `COPY` in through Node, into the same constrained table) and with row-by-row
 * inserts. Prints rates, ratios, the worker's peak memory, journal bytes a row and history events.
 */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    small: { type: 'string', default: '100000' },
    single: { type: 'string', default: '20000' },
    users: { type: 'string', default: '100000' },
    activities: { type: 'string', default: '1000000' },
    engine: { type: 'string', default: 'postgres' },
    url: { type: 'string' },
  },
});
const allUsers = Number(values.users);
const large: BenchSide = {
  code: 'abc',
  offset: 0,
  orders: Number(values.rows),
  customers: 100_000,
  users: allUsers,
  allUsers,
};
const small: BenchSide = { ...large, orders: Number(values.small) };
/** Half of the people are there already. */
const empty: BenchSide = {
  code: 'xyz',
  offset: 5_000,
  orders: 0,
  customers: 0,
  users: Math.floor(allUsers / 2),
  allUsers,
};

const rate = ({ rows, seconds }: Measured) => rows / seconds;
const show = (value: number) => Math.round(value).toLocaleString('en');

const endings: (() => Promise<void> | void)[] = [];
try {
  await bench();
} finally {
  for (const end of endings.reverse()) await end();
}

async function bench(): Promise<void> {
  const engine = await chosenEngine();
  const temporal = await startTemporal({ log: console.error });
  endings.push(() => temporal.stop());
  const folder = mkdtempSync(path.join(tmpdir(), 'caravel-bench-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, ${engine.name}\n`);

  const sources = {
    small: await buildBenchDatabase(engine, 'source_small', small),
    large: await buildBenchDatabase(engine, 'source', large),
  };
  const place = { engine, temporal: temporal.address, folder, destination: empty };
  const floorBefore = await measureCopy(engine, sources.large, large);
  const single = await measureRowByRow(engine, sources.large, large, Number(values.single));
  const little = await measureMigration({ ...place, run: 'small', source: sources.small });
  const people = await measurePeople(engine, sources.large, empty);
  const much = await measureMigration({ ...place, run: 'large', source: sources.large });
  const processes = await measureProcesses({
    engine,
    temporal: temporal.address,
    folder,
    activities: Number(values.activities),
    source: { ...small, orders: 1 },
    destination: empty,
  });
  const floorAfter = await measureCopy(engine, sources.large, large);
  const setUp = await measureSetUp(sources.large, large, 5_000);
  const floorRate = (rate(floorBefore) + rate(floorAfter)) / 2;

  const lines: [string, string][] = [
    [`(a) ${engine.floor}, before and after`, `${show(rate(floorBefore))} and ${show(rate(floorAfter))} rows/s`],
    [`(b) one INSERT a row, its id awaited (${show(single.rows)} rows)`, `${show(rate(single))} rows/s`],
    [`Caravel, ${show(much.rows)} rows`, `${show(rate(much))} rows/s`],
    ['  ratio to (a)', (rate(much) / floorRate).toFixed(2)],
    ['  ratio to (b)', (rate(much) / rate(single)).toFixed(1)],
    [`  people: domain and matching of ${show(people.users)} users`, `${people.seconds.toFixed(1)} s`],
    ['    of the copy', `${((people.seconds / much.seconds) * 100).toFixed(1)} %`],
    [`  people: ${show(much.people.inserted)} users and grants inserted`, `${much.people.seconds.toFixed(1)} s`],
    ['  set-up, of the staging of 5,000 rows', `${(setUp.share * 100).toFixed(1)} %`],
    [`  worker peak memory at ${show(little.rows)} rows`, `${show(little.peakMegabytes)} MB`],
    [`  worker peak memory at ${show(much.rows)} rows`, `${show(much.peakMegabytes)} MB`],
    ['  journal, id maps per row', `${much.mapBytes.toFixed(2)} bytes`],
    [
      '  journal, growth of its database per row of all',
      Number.isNaN(much.journalBytes) ? 'not told by the server' : `${much.journalBytes.toFixed(2)} bytes`,
    ],
    ['  history events, run and entity', `${much.events.run} + ${much.events.entity}`],
    [
      `an ordinary entity of as many columns, keys and indexes, ${show(processes.plain.rows)} rows`,
      `${show(rate(processes.plain))} rows/s`,
    ],
    [`process instances: ${show(processes.instances.rows)} rows`, `${show(rate(processes.instances))} rows/s`],
    ['  ratio to that entity', (rate(processes.instances) / rate(processes.plain)).toFixed(2)],
    ['  whole run with plan, customers and proof', `${much.total.toFixed(1)} s`],
  ];
  for (const [name, value] of lines) console.log(`${name.padEnd(52)} ${value}`);
}

async function chosenEngine(): Promise<BenchEngine & { name: string }> {
  if (values.engine === 'sqlserver') {
    if (!values.url?.startsWith('mssql://')) throw new Error('--engine sqlserver needs --url mssql://…');
    const engine = sqlserverBench(values.url);
    const master = connect({ name: 'bench', url: values.url, readOnly: true, pool: 1 });
    endings.push(() => master.close());
    return { ...engine, name: await master.version() };
  }
  const postgres = await startPostgres({ name: 'bench', log: console.error });
  endings.push(() => postgres.stop());
  return { ...postgresBench(postgres.url), name: 'embedded PostgreSQL as it is (fsync on)' };
}
