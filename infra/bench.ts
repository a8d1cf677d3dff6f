import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { type RunResult, taskQueue } from '../activities/contract.ts';
import { type BenchSide, buildBenchSide, orderColumns, orderTable } from './bench/environment.ts';
import { startPostgres } from './services/postgres.ts';
import { startTemporal } from './services/temporal.ts';

/**
 * `npm run bench`: one entity of a million rows through the whole engine, side by side with its floor (`COPY` out piped into `COPY`
 * in through Node, into the same constrained table) and with row-by-row inserts. Prints rates, ratios, the worker's peak
 * memory, journal bytes a row and history events.
 */
const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, small: { type: 'string', default: '100000' } },
});
const command = fileURLToPath(new URL('../src/cli/caravel.mjs', import.meta.url));
const customers = 100_000;
const rowByRow = 20_000;
const source: BenchSide = { code: 'abc', offset: 0, orders: Number(values.rows), customers };
const destination: BenchSide = { code: 'xyz', offset: 5_000, orders: 0, customers: 0 };

interface Measured {
  rows: number;
  seconds: number;
}
const rate = ({ rows, seconds }: Measured) => rows / seconds;
const show = (value: number) => Math.round(value).toLocaleString('en');

const endings: (() => Promise<void> | void)[] = [];
try {
  await bench();
} finally {
  for (const end of endings.reverse()) await end();
}

async function bench(): Promise<void> {
  const postgres = await startPostgres({ name: 'bench', durable: false, log: console.error });
  endings.push(() => postgres.stop());
  const temporal = await startTemporal({ log: console.error });
  endings.push(() => temporal.stop());
  const folder = mkdtempSync(path.join(tmpdir(), 'caravel-bench-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  const server = new Server(postgres.url);

  const small = { ...source, orders: Number(values.small) };
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, PostgreSQL embedded, fsync off\n`);
  await server.create('source_small', small);
  await server.create('source', source);
  const floorBefore = await floor(server);
  const single = await rowByRowInsert(server);
  const little = await migrate(server, temporal.address, folder, 'source_small', 'small');
  const large = await migrate(server, temporal.address, folder, 'source', 'large');
  const floorAfter = await floor(server);
  const floorRate = (rate(floorBefore) + rate(floorAfter)) / 2;

  const lines: [string, string][] = [
    ['(a) COPY out | COPY in, before and after', `${show(rate(floorBefore))} and ${show(rate(floorAfter))} rows/s`],
    [`(b) one INSERT … RETURNING a row (${show(rowByRow)} rows)`, `${show(rate(single))} rows/s`],
    [`Caravel, ${show(large.rows)} rows`, `${show(rate(large))} rows/s`],
    ['  ratio to (a)', (rate(large) / floorRate).toFixed(2)],
    ['  ratio to (b)', (rate(large) / rate(single)).toFixed(1)],
    [`  worker peak memory at ${show(little.rows)} rows`, `${show(little.peakMegabytes)} MB`],
    [`  worker peak memory at ${show(large.rows)} rows`, `${show(large.peakMegabytes)} MB`],
    ['  journal, id maps per row', `${large.mapBytes.toFixed(2)} bytes`],
    ['  journal, growth of the database per row', `${large.journalBytes.toFixed(2)} bytes`],
    ['  history events, run and entity', `${large.events.run} + ${large.events.entity}`],
    ['  whole run with plan, customers and proof', `${large.total.toFixed(1)} s`],
  ];
  for (const [name, value] of lines) console.log(`${name.padEnd(52)} ${value}`);
}

class Server {
  readonly url: string;
  constructor(url: string) {
    this.url = url;
  }

  database(name: string): string {
    return Object.assign(new URL(this.url), { pathname: `/${name}` }).href;
  }

  async recreate(name: string): Promise<string> {
    await this.on(this.url, async (client) => {
      await client.query(`drop database if exists "${name}" with (force)`);
      await client.query(`create database "${name}"`);
    });
    return this.database(name);
  }

  async create(name: string, side: BenchSide): Promise<string> {
    const url = await this.recreate(name);
    await buildBenchSide(url, side);
    return url;
  }

  async on<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }
}

/** A database like the source, with everything that orders refer to, and no orders. */
async function emptyTwin(server: Server, name: string): Promise<string> {
  const url = await server.create(name, { ...source, orders: 1 });
  await server.on(url, (client) => client.query(`truncate "${orderTable(source.code)}"`));
  return url;
}

async function floor(server: Server): Promise<Measured> {
  const target = await emptyTwin(server, 'floor');
  const table = `"${orderTable(source.code)}"`;
  return server.on(server.database('source'), (reader) =>
    server.on(target, async (writer) => {
      const started = performance.now();
      await pipeline(
        reader.query(copyTo(`copy ${table} to stdout`)),
        writer.query(copyFrom(`copy ${table} from stdin`)),
      );
      return { rows: source.orders, seconds: (performance.now() - started) / 1_000 };
    }),
  );
}

async function rowByRowInsert(server: Server): Promise<Measured> {
  const target = await emptyTwin(server, 'single');
  const table = `"${orderTable(source.code)}"`;
  const columns = orderColumns.slice(1);
  return server.on(server.database('source'), (reader) =>
    server.on(target, async (writer) => {
      const names = columns.map((name) => `"${name}"`).join(', ');
      const { rows } = await reader.query({
        text: `select ${names} from ${table} order by "ID" limit ${rowByRow}`,
        rowMode: 'array',
      });
      const insert = `insert into ${table} (${names}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')}) returning "ID"`;
      const started = performance.now();
      for (const values of rows) await writer.query({ name: 'insert', text: insert, values });
      return { rows: rows.length, seconds: (performance.now() - started) / 1_000 };
    }),
  );
}

interface Migrated extends Measured {
  /** Seconds of the whole run. */
  total: number;
  peakMegabytes: number;
  mapBytes: number;
  journalBytes: number;
  events: { run: number; entity: number };
}

async function migrate(server: Server, address: string, folder: string, from: string, run: string): Promise<Migrated> {
  const journal = await server.recreate(`journal_${run}`);
  const configuration = path.join(folder, `${run}.json`);
  const to = await server.create(`destination_${run}`, destination);
  writeFileSync(
    configuration,
    JSON.stringify({
      environments: { production: { url: server.database(from) }, quality: { url: to } },
      journal: { url: journal },
    }),
  );
  const namespace = `bench-${run}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as unknown as Long },
  });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const worker = spawn(process.execPath, [command, 'worker'], {
    env: { ...process.env, CARAVEL_CONFIG: configuration, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const client = new Client({ connection, namespace });
    const spec = { source: 'production', destination: 'quality', scope: { applications: ['Bench'] } };
    const started = performance.now();
    const handle = await client.workflow.start('migrateApplication', {
      workflowId: run,
      taskQueue,
      args: [spec],
    });
    const result: RunResult = await handle.result();
    const total = (performance.now() - started) / 1_000;
    const order = result.entities.find(({ entity }) => entity === 'Order')!;
    if (!order.verified) throw new Error('the migrated orders were not verified');
    const measured = await server.on(journal, async (database) => {
      const [entity] = (
        await database.query(
          'select finished_ms - started_ms as ms from caravel_entity where run_id = $1 and entity = $2',
          [run, order.key],
        )
      ).rows;
      const [maps] = (
        await database.query('select sum(octet_length(content)) as bytes from caravel_segment where entity = $1', [
          order.key,
        ])
      ).rows;
      const [size] = (await database.query('select pg_database_size(current_database()) as bytes')).rows;
      return { seconds: Number(entity.ms) / 1_000, mapBytes: Number(maps.bytes), size: Number(size.bytes) };
    });
    const empty = await server.on(await server.recreate('empty'), async (database) =>
      Number((await database.query('select pg_database_size(current_database()) as bytes')).rows[0].bytes),
    );
    return {
      rows: order.inserted,
      seconds: measured.seconds,
      total,
      peakMegabytes: peakMemory(worker.pid!),
      mapBytes: measured.mapBytes / order.inserted,
      journalBytes: (measured.size - empty) / (order.inserted + customers),
      events: {
        run: (await handle.describe()).historyLength,
        entity: (await client.workflow.getHandle(`${run}/Bench.Order`).describe()).historyLength,
      },
    };
  } finally {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    await connection.close();
  }
}

/** Largest resident set of a process so far, in MB. */
function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1_024;
}
