import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { queryOne } from '../../src/database/queries.ts';
import { integer, orNull } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import { type RunResult, taskQueue } from '../../src/runs/contract.ts';
import { createNamespace } from '../../src/services/namespace.ts';

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

export interface BenchWorker {
  client: Client;
  /** The worker's journal. */
  journal: Database;
  /** Starts a run of the application and waits for it. @param spec beside source, destination and scope. */
  migrate(run: string, spec?: object): Promise<{ handle: WorkflowHandle; result: RunResult; seconds: number }>;
  /** Largest resident set of the worker's process so far, in MB. */
  peakMegabytes(): number;
}

/** Runs `work` with a worker process of its own between two environments. */
export async function withBenchWorker<T>(
  options: { temporal: string; folder: string; name: string; source: string; destination: string; journal: string },
  work: (worker: BenchWorker) => Promise<T>,
): Promise<T> {
  const { temporal, name } = options;
  const configuration = path.join(options.folder, `${name}.json`);
  const environments = { production: { url: options.source }, quality: { url: options.destination } };
  writeFileSync(configuration, JSON.stringify({ environments, journal: { url: options.journal } }));
  const namespace = `bench-${name}`;
  const connection = await Connection.connect({ address: temporal });
  await createNamespace(connection, namespace);
  const worker = spawn(process.execPath, [command, 'worker'], {
    env: { ...process.env, CARAVEL_CONFIG: configuration, TEMPORAL_ADDRESS: temporal, TEMPORAL_NAMESPACE: namespace },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const journal = connect({ name: 'journal', url: options.journal, readOnly: true, pool: 1 });
  try {
    const client = new Client({ connection, namespace });
    return await work({
      client,
      journal,
      async migrate(run, more = {}) {
        const spec = { source: 'production', destination: 'quality', scope: { applications: ['Bench'] }, ...more };
        const started = performance.now();
        const handle = await client.workflow.start('migrateApplication', { workflowId: run, taskQueue, args: [spec] });
        const result: RunResult = await handle.result();
        return { handle, result, seconds: (performance.now() - started) / 1_000 };
      },
      peakMegabytes: () => peakMemory(worker.pid!),
    });
  } finally {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    await journal.close();
    await connection.close();
  }
}

/** Seconds from the first batch of these entities to the last. */
export async function secondsOf(journal: Database, run: string, entities: readonly string[]): Promise<number> {
  const { passed } = await queryOne(
    journal,
    sql`select max(finished_ms) - min(started_ms) as passed from caravel_entity
        where run_id = ${run} and entity in (${sql.list(entities)})`,
    { passed: orNull(integer) },
  );
  return (passed ?? 0) / 1_000;
}

function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) / 1_024;
}
