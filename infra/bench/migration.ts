import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { type RunResult, taskQueue } from '../../activities/contract.ts';
import { createNamespace } from '../services/namespace.ts';
import { onDatabase, recreateDatabase } from '../services/onDatabase.ts';
import { type BenchSide, buildBenchDatabase } from './environment.ts';
import type { Measured } from './floor.ts';

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

/** Rows and seconds are those of the orders alone, as the journal saw them. */
export interface MeasuredMigration extends Measured {
  /** Seconds of the whole run. */
  total: number;
  /** Of the worker process, resident. */
  peakMegabytes: number;
  /** Id map of the orders, bytes a row. */
  mapBytes: number;
  /** Growth of the journal's database, bytes for each row of all entities. */
  journalBytes: number;
  events: { run: number; entity: number };
}

/** One whole run by a worker process of its own, with the journal beside the environments. */
export async function measureMigration(options: {
  server: string;
  temporal: string;
  folder: string;
  run: string;
  source: string;
  destination: BenchSide;
}): Promise<MeasuredMigration> {
  const { server, temporal, run } = options;
  const journal = await recreateDatabase(server, `journal_${run}`);
  const journalBefore = await onDatabase(journal, databaseSize);
  const destination = await buildBenchDatabase(server, `destination_${run}`, options.destination);
  const configuration = path.join(options.folder, `${run}.json`);
  const environments = { production: { url: options.source }, quality: { url: destination } };
  writeFileSync(configuration, JSON.stringify({ environments, journal: { url: journal } }));
  const namespace = `bench-${run}`;
  const connection = await Connection.connect({ address: temporal });
  await createNamespace(connection, namespace);
  const worker = spawn(process.execPath, [command, 'worker'], {
    env: { ...process.env, CARAVEL_CONFIG: configuration, TEMPORAL_ADDRESS: temporal, TEMPORAL_NAMESPACE: namespace },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const client = new Client({ connection, namespace });
    const spec = { source: 'production', destination: 'quality', scope: { applications: ['Bench'] } };
    const started = performance.now();
    const handle = await client.workflow.start('migrateApplication', { workflowId: run, taskQueue, args: [spec] });
    const result: RunResult = await handle.result();
    const total = (performance.now() - started) / 1_000;
    const order = result.entities.find(({ entity }) => entity === 'Order')!;
    if (!order.verified) throw new Error('the migrated orders were not verified');
    const inserted = result.entities.reduce((sum, entity) => sum + entity.inserted, 0);
    const journalled = await onDatabase(journal, async (database) => ({
      milliseconds: await number(
        database,
        'select finished_ms - started_ms from caravel_entity where run_id = $1 and entity = $2',
        [run, order.key],
      ),
      mapBytes: await number(database, 'select sum(octet_length(content)) from caravel_segment where entity = $1', [
        order.key,
      ]),
      size: await databaseSize(database),
    }));
    return {
      rows: order.inserted,
      seconds: journalled.milliseconds / 1_000,
      total,
      peakMegabytes: peakMemory(worker.pid!),
      mapBytes: journalled.mapBytes / order.inserted,
      journalBytes: (journalled.size - journalBefore) / inserted,
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

const databaseSize = (client: pg.Client) => number(client, 'select pg_database_size(current_database())', []);

async function number(client: pg.Client, statement: string, values: string[]): Promise<number> {
  const { rows } = await client.query<[string]>({ text: statement, values, rowMode: 'array' });
  return Number(rows[0]![0]);
}

/** Largest resident set of a process so far, in MB. */
function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1_024;
}
