import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { buildDemoEnvironments, type DemoEnvironments, dropDemoEnvironments } from '../../infra/demo/build.ts';
import { peopleTables } from '../../infra/demo/schema/platformTables.ts';
import { instanceTables } from '../../infra/demo/schema/processTables.ts';
import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { taskQueue } from '../../src/runs/contract.ts';
import { createNamespace } from '../../src/services/namespace.ts';
import { dropDatabase, onDatabase, recreateDatabase } from '../../src/services/onDatabase.ts';
import { migrateApplication } from '../../workflows/index.ts';
import { compareEnvironments, type Difference, snapshotDestination } from './comparison.ts';
import { serverUrl } from './engine.ts';

const command = fileURLToPath(new URL('../../src/cli/caravel.mjs', import.meta.url));

/** A worker process, started through the command that users type. */
export interface WorkerProcess {
  process: ChildProcess;
  /** Resolves with the signal or exit code that ended it. */
  ended: Promise<NodeJS.Signals | number | null>;
  /** What it logged. */
  output(): string;
  /** Whether it sleeps at a failpoint that stops it (SIGSTOP). */
  isFrozen(): boolean;
  stop(): Promise<void>;
}

/**
 * Two demo environments on the engine of this pass, a journal and a Temporal namespace of their own, with what a user
 * would write in files.
 */
export interface MigrationTest {
  environments: DemoEnvironments;
  spec: MigrationSpecInput;
  client: Client;
  journalUrl: string;
  /** Environment variables with which `caravel` finds everything. */
  variables: NodeJS.ProcessEnv;
  folder: string;
  startWorker(variables?: NodeJS.ProcessEnv): WorkerProcess;
  start(run: string, spec?: Partial<MigrationSpecInput>): Promise<WorkflowHandle<typeof migrateApplication>>;
  caravel(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Rows that the journal counts as inserted by the run; 0 before the journal has its tables. */
  inserted(run: string): Promise<number>;
  /**
   * What is wrong in the destination, by code that the engine does not share. Empty when every row is there exactly
   * once.
   */
  differences(): Promise<Difference[]>;
  cleanUp(): Promise<void>;
}

export async function createMigrationTest(
  name: string,
  options: {
    rows: number;
    orphans?: boolean;
    /** Server of the two environments; the engine's own when left out. */
    environmentsUrl?: string;
  },
): Promise<MigrationTest> {
  const journalServerUrl = process.env.CARAVEL_TEST_POSTGRES!;
  const { environmentsUrl = serverUrl(), ...demo } = options;
  const address = process.env.CARAVEL_TEST_TEMPORAL!;
  // A server of SQL Server may be others' too.
  const unique = `${name}_${process.pid}`;
  const [sourceDatabase, destinationDatabase] = [`${unique}_source`, `${unique}_destination`];
  const journalDatabase = `${unique}_journal`;
  const journalUrl = await recreateDatabase(journalServerUrl, journalDatabase);
  const environments = await buildDemoEnvironments({
    serverUrl: environmentsUrl,
    sourceDatabase,
    destinationDatabase,
    ...demo,
  });
  const before = await snapshotDestination(environments.destination.ownerUrl);
  const namespace = `${name.replaceAll('_', '-')}-${process.pid}`;
  const connection = await Connection.connect({ address });
  await createNamespace(connection, namespace);
  const client = new Client({ connection, namespace });

  const folder = mkdtempSync(path.join(tmpdir(), `caravel-${name}-`));
  const configuration = path.join(folder, 'caravel.json');
  writeFileSync(
    configuration,
    JSON.stringify({
      environments: {
        production: { url: environments.source.url },
        quality: { url: environments.destination.url },
      },
      journal: { url: journalUrl },
    }),
  );
  writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(environments.spec));
  const variables = {
    ...process.env,
    CARAVEL_CONFIG: configuration,
    CARAVEL_HOME: path.join(folder, 'home'),
    CARAVEL_TIMEOUTS: 'short',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const workers: WorkerProcess[] = [];

  return {
    environments,
    spec: environments.spec,
    client,
    journalUrl,
    variables,
    folder,
    startWorker(extra = {}) {
      const worker = workerProcess({ ...variables, ...extra });
      workers.push(worker);
      return worker;
    },
    start: (run, spec = {}) =>
      client.workflow.start(migrateApplication, {
        workflowId: run,
        taskQueue,
        args: [{ ...environments.spec, ...spec }],
      }),
    async caravel(...args) {
      const child = spawn(process.execPath, [command, ...args], { env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      let stderr = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const [code] = (await once(child, 'close')) as [number];
      return { code, stdout, stderr };
    },
    inserted: (run) => insertedRows(journalUrl, run),
    async differences() {
      const { source, destination } = environments;
      return compareEnvironments({
        source: source.ownerUrl,
        destination: destination.ownerUrl,
        before,
        mayChange: peopleTables,
        mayGrow: (table) => table.startsWith('OSEVT_') || instanceTables.some(({ name }) => name === table),
      });
    },
    async cleanUp() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await connection.close();
      await dropDemoEnvironments({ serverUrl: environmentsUrl, sourceDatabase, destinationDatabase });
      await dropDatabase(journalServerUrl, journalDatabase);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function workerProcess(variables: NodeJS.ProcessEnv): WorkerProcess {
  const child = spawn(process.execPath, [command, 'worker'], { env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number | null);
  return {
    process: child,
    ended,
    output: () => output,
    isFrozen() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
        await ended;
        clearTimeout(timer);
      }
    },
  };
}

async function insertedRows(journalUrl: string, run: string): Promise<number> {
  try {
    const statement = 'select sum(inserted) as rows from caravel_entity where run_id = $1';
    const { rows } = await onDatabase(journalUrl, (client) => client.query(statement, [run]));
    return Number(rows[0].rows ?? 0);
  } catch (error) {
    const undefinedTable = '42P01';
    if ((error as { code?: string }).code === undefinedTable) return 0;
    throw error;
  }
}
