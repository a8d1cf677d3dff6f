import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { type RunResult, taskQueue } from '../../activities/contract.ts';
import { connect } from '../../src/database/connect.ts';
import { createNamespace } from '../services/namespace.ts';
import type { BenchEngine, BenchSide, Measured } from './engine.ts';
import { buildBenchDatabase } from './environment.ts';

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
  /** Users and grants that were created, and how long aligning them took. */
  people: { inserted: number; seconds: number };
}

/** One whole run by a worker process of its own, with the journal beside the environments. */
export async function measureMigration(options: {
  engine: BenchEngine;
  temporal: string;
  folder: string;
  run: string;
  source: string;
  destination: BenchSide;
}): Promise<MeasuredMigration> {
  const { engine, temporal, run } = options;
  const journal = await engine.recreateDatabase(`journal_${run}`);
  const journalBefore = await engine.databaseSize(journal);
  const destination = await buildBenchDatabase(engine, `destination_${run}`, options.destination);
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
    const people = result.entities.filter(({ espace }) => espace === '(System)');
    const { milliseconds, mapBytes } = await journalled(journal, run, order.key);
    return {
      rows: order.inserted,
      seconds: milliseconds / 1_000,
      people: {
        inserted: people.reduce((sum, entity) => sum + entity.inserted, 0),
        seconds:
          (await alignedMilliseconds(
            journal,
            run,
            people.map(({ key }) => key),
          )) / 1_000,
      },
      total,
      peakMegabytes: peakMemory(worker.pid!),
      mapBytes: mapBytes / order.inserted,
      journalBytes: ((await engine.databaseSize(journal)) - journalBefore) / inserted,
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

/** From the first batch of these entities to the last. */
async function alignedMilliseconds(url: string, run: string, entities: string[]): Promise<number> {
  const journal = connect({ name: 'journal', url, readOnly: true, pool: 1 });
  try {
    const among = entities.map(() => '?').join(', ');
    const [row] = await journal.query(
      `select max(finished_ms) - min(started_ms) from caravel_entity where run_id = ? and entity in (${among})`,
      [run, ...entities],
    );
    return Number(row![0]);
  } finally {
    await journal.close();
  }
}

async function journalled(url: string, run: string, entity: string) {
  const journal = connect({ name: 'journal', url, readOnly: true, pool: 1 });
  try {
    const times = 'select finished_ms - started_ms from caravel_entity where run_id = ? and entity = ?';
    const [time] = await journal.query(times, [run, entity]);
    const segments = await journal.query('select content from caravel_segment where entity = ?', [entity]);
    const mapBytes = segments.reduce((sum, [content]) => sum + content!.length, 0);
    return { milliseconds: Number(time![0]), mapBytes };
  } finally {
    await journal.close();
  }
}

/** Largest resident set of a process so far, in MB. */
function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1_024;
}
