import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './freePort.ts';
import { makePrivateFolder } from './home.ts';
import { postgresAccount } from './postgresAccount.ts';
import { postgresBinaries } from './postgresBinaries.ts';
import {
  type Cluster,
  forgetReusedProcessId,
  openCluster,
  postgresEnvironment,
  temporaryFolder,
} from './postgresCluster.ts';
import { acquireLock, lockHolder } from './processLock.mjs';
import { ServiceError } from './serviceError.ts';
import { endLeftOver, lastWords, limitLog, pause, type ServiceProcess, startServiceProcess } from './serviceProcess.ts';

export interface PostgresOptions {
  /** The folder that keeps it between runs. Left out: a temporary one that is gone after stop(). */
  dataDirectory?: string;
  /** Names the temporary folder; default "postgres". */
  name?: string;
  /** This port and no other. */
  port?: number;
  /** This port if it is free. */
  preferredPort?: number | undefined;
  /** false: what was committed may be lost when the machine (not the server) crashes. Only for demos and tests. */
  durable?: boolean;
  /** Further settings of PostgreSQL. */
  settings?: Record<string, string>;
  /** Hears one line when it has started. */
  log?: (line: string) => void;
}

export interface PostgresServer {
  /** Of the superuser, with its password, to the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Where its data, log and password are. */
  readonly folder: string;
  readonly pid: number;
  /** Resolves when the server ends without being told to. */
  readonly died: Promise<void>;
  /** Shuts down cleanly; a temporary server leaves nothing. */
  stop(): Promise<void>;
  /** Takes the server away at once, as a power cut would; start() brings it back. */
  crash(): Promise<void>;
  /** Starts it again, on the same port with the same data. */
  start(): Promise<void>;
}

const settingsAlways = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Parallel queries need more shared memory than containers give by default.
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  // The log must not hold the values of rows.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

// synchronous_commit stays on: what was committed survives the server's crash, though not the machine's.
const settingsWhenNotDurable = { fsync: 'off', full_page_writes: 'off' };

/**
 * Starts a PostgreSQL server on 127.0.0.1, as root under another account. It ends with this process, however that dies.
 * @throws ServiceError when it cannot be started, its port is taken, or another process has it running.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { durable = true } = options;
  const account = postgresAccount();
  const binaries = postgresBinaries(account);
  const temporary = options.dataDirectory === undefined;
  const folder = options.dataDirectory ?? temporaryFolder(options.name ?? 'postgres', account);
  makePrivateFolder(folder);
  const lockFile = path.join(folder, 'lock');
  const release = acquireLock(lockFile);
  if (!release) throw new ServiceError(`${folder} is in use by process ${lockHolder(lockFile)}`);

  const logFile = path.join(folder, 'postgres.log');
  const pidFile = path.join(folder, 'postgres.pid');
  let service: ServiceProcess | null = null;
  let wanted = false;
  let reportDeath: () => void = () => {};
  const died = new Promise<void>((resolve) => {
    reportDeath = resolve;
  });

  async function launch(cluster: Cluster, port: number): Promise<void> {
    const settings = { ...settingsAlways, ...(durable ? {} : settingsWhenNotDurable), ...options.settings };
    const started = await startServiceProcess({
      command: binaries.postgres,
      args: [
        ...['-D', cluster.directory, '-p', String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      env: postgresEnvironment(),
      account,
      logFile,
      pidFile,
      stopSignal: 'SIGINT',
      temporaryFolder: temporary ? folder : undefined,
    });
    try {
      await untilReady(started, urlOf(cluster, port));
    } catch (error) {
      await started.stop();
      throw error;
    }
    service = started;
    wanted = true;
    void started.ended.then(() => {
      if (wanted && service === started) reportDeath();
    });
  }

  async function cleanUp(): Promise<void> {
    wanted = false;
    await service?.stop();
    release!();
    if (temporary) rmSync(folder, { recursive: true, force: true });
  }

  try {
    chmodSync(folder, account ? 0o711 : 0o700);
    await endLeftOver(pidFile, 'SIGINT');
    limitLog(logFile);
    const cluster = await openCluster(folder, account, binaries, durable);
    forgetReusedProcessId(cluster);
    const port = await onFreePort(options, (candidate) => launch(cluster, candidate));
    options.log?.(`PostgreSQL ${binaries.version.split('-')[0]} on 127.0.0.1:${port}`);
    return {
      url: urlOf(cluster, port),
      port,
      folder,
      died,
      get pid() {
        return service!.pid;
      },
      stop: cleanUp,
      async crash() {
        wanted = false;
        await service!.stop('SIGQUIT');
      },
      start: () => launch(cluster, port),
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

class PortTaken extends ServiceError {}

/** Sessions of a server that was killed are still busy with their last statement. */
class StillEnding extends ServiceError {}

async function onFreePort(options: PostgresOptions, launch: (port: number) => Promise<void>): Promise<number> {
  const from = Date.now();
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort(attempt === 1 ? options.preferredPort : undefined));
    try {
      await launch(port);
      return port;
    } catch (error) {
      if (error instanceof StillEnding && Date.now() - from < 30_000) await pause(500);
      else if (!(error instanceof PortTaken) || options.port !== undefined || attempt >= 5) throw error;
    }
  }
}

function urlOf(cluster: Cluster, port: number): string {
  return `postgres://caravel:${cluster.password}@127.0.0.1:${port}/postgres`;
}

/** Waits until it answers; recovery after a crash may take minutes. */
async function untilReady(service: ServiceProcess, url: string): Promise<void> {
  const from = Date.now();
  while (service.running) {
    if (await answers(url)) return;
    if (Date.now() - from > 300_000)
      throw new ServiceError(`PostgreSQL did not answer for five minutes, see ${service.logFile}`);
    await pause(40);
  }
  const words = lastWords(service);
  if (/could not bind|Address already in use/.test(words)) {
    throw new PortTaken(`port ${new URL(url).port} of 127.0.0.1 is in use; choose another`);
  }
  if (words.includes('pre-existing shared memory block')) throw new StillEnding(words);
  throw new ServiceError(`PostgreSQL did not start: ${words}`);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
