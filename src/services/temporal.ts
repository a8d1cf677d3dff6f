import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { freePort } from './freePort.ts';
import { ServiceError } from './serviceError.ts';
import { endLeftOver, lastWords, limitLog, pause, type ServiceProcess, startServiceProcess } from './serviceProcess.ts';
import { temporalProgram } from './temporalProgram.ts';

export interface TemporalOptions {
  /** SQLite file that keeps its state between runs; its log and process id lie beside it. Left out: in memory. */
  stateFile?: string;
  /** This port and no other. */
  port?: number;
  /** This port for the UI if it is free. */
  uiPort?: number | undefined;
  /** This port if it is free. */
  preferredPort?: number | undefined;
  /** Address to listen on; default 127.0.0.1. */
  ip?: string;
  /** Namespaces to have besides `default`. */
  namespaces?: string[];
  /** Hears a line when the server has to be fetched or built, and when it has started. */
  log?: (line: string) => void;
}

export interface TemporalServer {
  /** host:port */
  readonly address: string;
  /** URL of the UI; null for a server that is not ours. */
  readonly ui: string | null;
  /** null for a server that is not ours. */
  readonly pid: number | null;
  /** Resolves when the server ends without being told to. */
  readonly died: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a Temporal development server with its UI; with TEMPORAL_ADDRESS set, that one is used and stop() leaves it
 * alone. Returns when its namespaces answer. It ends with this process, however that dies.
 * @throws ServiceError when there is no server program, a port is taken, or TEMPORAL_ADDRESS does not answer.
 */
export async function startTemporal(options: TemporalOptions = {}): Promise<TemporalServer> {
  const log = options.log ?? (() => {});
  if (process.env.TEMPORAL_ADDRESS) return existingServer(process.env.TEMPORAL_ADDRESS, log);
  const { ip = '127.0.0.1', namespaces = [], stateFile } = options;
  const program = await temporalProgram(log);
  const folder = stateFile ? path.dirname(stateFile) : mkdtempSync(path.join(tmpdir(), 'caravel-temporal-'));
  const logFile = path.join(folder, 'temporal.log');
  const pidFile = path.join(folder, 'temporal.pid');
  let service: ServiceProcess | null = null;
  let wanted = true;

  async function launch(port: number, uiPort: number): Promise<ServiceProcess> {
    const started = await startServiceProcess({
      command: program,
      args: [
        ...['server', 'start-dev', '--ip', ip, '--port', String(port), '--ui-port', String(uiPort)],
        ...['--headless=false', '--log-level', 'error', '--color', 'never'],
        // A namespace that was just registered is known at once, not after ten seconds.
        ...['--dynamic-config-value', 'system.namespaceCacheRefreshInterval="1s"'],
        ...namespaces.flatMap((namespace) => ['--namespace', namespace]),
        ...(stateFile ? ['--db-filename', stateFile] : []),
      ],
      env: withoutTemporalSettings(process.env),
      logFile,
      pidFile,
      stopSignal: 'SIGTERM',
      temporaryFolder: stateFile ? undefined : folder,
    });
    try {
      await untilReady(started, `${ip}:${port}`, ['default', ...namespaces]);
      return started;
    } catch (error) {
      await started.stop();
      throw error;
    }
  }

  async function stop(): Promise<void> {
    wanted = false;
    await service?.stop();
    if (!stateFile) rmSync(folder, { recursive: true, force: true });
  }

  try {
    await endLeftOver(pidFile, 'SIGTERM');
    limitLog(logFile);
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort(attempt === 1 ? options.preferredPort : undefined));
      const uiPort = await freePort(...(attempt === 1 ? [options.uiPort, options.port && options.port + 1_000] : []));
      try {
        service = await launch(port, uiPort);
      } catch (error) {
        const portGiven = options.port !== undefined && (await freePort(options.port)) !== options.port;
        if (!(error instanceof PortTaken) || portGiven || attempt === 5) throw error;
        continue;
      }
      const ui = `http://${ip}:${uiPort}`;
      log(`Temporal on ${ip}:${port}, its UI on ${ui}`);
      const { pid, ended } = service;
      const died = new Promise<void>((resolve) => void ended.then(() => wanted && resolve()));
      return { address: `${ip}:${port}`, ui, pid, died, stop };
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

class PortTaken extends ServiceError {}

/** TEMPORAL_* and the like are for clients; the server's command line would read some of them too. */
function withoutTemporalSettings(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function existingServer(address: string, log: (line: string) => void): Promise<TemporalServer> {
  try {
    const connection = await Connection.connect({
      ...loadClientConnectConfig().connectionOptions,
      connectTimeout: 10_000,
    });
    await connection.close();
  } catch (error) {
    throw new ServiceError(
      `Temporal at ${address} (TEMPORAL_ADDRESS) does not answer: ${(error as Error).message}; start it, or unset the ` +
        'variable to have one started',
    );
  }
  log(`Temporal at ${address} (TEMPORAL_ADDRESS)`);
  return { address, ui: null, pid: null, died: new Promise(() => {}), stop: async () => {} };
}

async function untilReady(service: ServiceProcess, address: string, namespaces: string[]): Promise<void> {
  const connection = Connection.lazy({ address });
  const from = Date.now();
  try {
    while (service.running) {
      if (await hasNamespaces(connection, namespaces)) return;
      if (Date.now() - from > 60_000) {
        throw new ServiceError(`Temporal did not answer for a minute, see ${service.logFile}: ${lastWords(service)}`);
      }
      await pause(100);
    }
  } finally {
    await connection.close();
  }
  const words = lastWords(service);
  if (/address already in use/i.test(words)) {
    throw new PortTaken(`port ${address.split(':').at(-1)} or the one of its UI is in use; choose another with --port`);
  }
  throw new ServiceError(`Temporal did not start: ${words}`);
}

async function hasNamespaces(connection: Connection, namespaces: string[]): Promise<boolean> {
  try {
    for (const namespace of namespaces) {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    }
    return true;
  } catch {
    return false;
  }
}
