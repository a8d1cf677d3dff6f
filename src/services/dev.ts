import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { forgetRunningServices, makePrivateFolder, type ServiceAddresses, writeRunningServices } from './home.ts';
import { keepFinishedRuns } from './namespace.ts';
import { onDatabase } from './onDatabase.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { acquireLock, lockHolder } from './processLock.mjs';
import { ServiceError } from './serviceError.ts';
import { startTemporal, type TemporalServer } from './temporal.ts';

export interface Services {
  addresses: ServiceAddresses;
  /** Resolves with the error of a service that ended without being told to. */
  failure: Promise<ServiceError>;
  /** Stops them in order and waits until they are gone. May be called twice. */
  stop(): Promise<void>;
}

/** The ports of the last run, taken again if they are free, so that bookmarks and configurations keep their meaning. */
interface Ports {
  temporal?: number;
  ui?: number;
  journal?: number;
}

const journalDatabase = 'caravel_journal';

/**
 * The services of `caravel dev`: Temporal with its UI and the journal, state kept in `home` between runs. Other
 * commands find them through readRunningServices().
 * @param options.port of Temporal; its UI gets the port 1000 above, if free.
 * @throws ServiceError when another process has this home, or a service cannot be started.
 */
export async function startServices(options: {
  home: string;
  port?: number;
  log?: (line: string) => void;
}): Promise<Services> {
  const { home, log = () => {} } = options;
  makePrivateFolder(home);
  const lockFile = path.join(home, 'dev.lock');
  const release = acquireLock(lockFile);
  if (!release) {
    throw new ServiceError(
      `caravel dev already runs on ${home} (process ${lockHolder(lockFile)}); stop it, or set CARAVEL_HOME to another folder`,
    );
  }
  const endings: Endings = [];
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= (async () => {
      forgetRunningServices(home);
      try {
        await Promise.all(endings.map((end) => end()));
      } finally {
        release();
      }
    })();
    return stopping;
  };

  try {
    const ports = readPorts(home);
    const { port } = options;
    const temporalPorts = port === undefined ? { preferredPort: ports.temporal, uiPort: ports.ui } : { port };
    const [postgres, temporal] = await Promise.allSettled([
      startJournal(path.join(home, 'postgres'), ports.journal, log, endings),
      startLastingTemporal(path.join(home, 'temporal'), temporalPorts, log, endings),
    ]);
    if (postgres.status === 'rejected') throw postgres.reason;
    if (temporal.status === 'rejected') throw temporal.reason;
    const addresses: ServiceAddresses = {
      temporal: temporal.value.address,
      ui: temporal.value.ui,
      journal: Object.assign(new URL(postgres.value.url), { pathname: `/${journalDatabase}` }).href,
    };
    writePorts(home, addresses);
    writeRunningServices(home, addresses);
    const failure = Promise.race([
      postgres.value.died.then(
        () => new ServiceError(`the journal's PostgreSQL ended, see ${home}/postgres/postgres.log`),
      ),
      temporal.value.died.then(() => new ServiceError(`Temporal ended, see ${home}/temporal/temporal.log`)),
    ]);
    return { addresses, failure, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Endings = (() => Promise<void>)[];

async function startJournal(
  dataDirectory: string,
  preferredPort: number | undefined,
  log: (line: string) => void,
  endings: Endings,
): Promise<PostgresServer> {
  const server = await startPostgres({ dataDirectory, preferredPort, log });
  endings.push(() => server.stop());
  await makeJournal(server.url);
  return server;
}

async function startLastingTemporal(
  folder: string,
  ports: { port: number } | { preferredPort: number | undefined; uiPort: number | undefined },
  log: (line: string) => void,
  endings: Endings,
): Promise<TemporalServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const server = await startTemporal({
    stateFile: path.join(folder, 'state.sqlite'),
    namespaces: otherNamespaces(),
    log,
    ...ports,
  });
  endings.push(() => server.stop());
  if (server.pid !== null) await keepFinishedRuns(server.address, ['default', ...otherNamespaces()]);
  return server;
}

async function makeJournal(url: string): Promise<void> {
  await onDatabase(url, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [journalDatabase]);
    if (rowCount === 0) await client.query(`create database ${journalDatabase}`);
  });
}

function otherNamespaces(): string[] {
  const { TEMPORAL_NAMESPACE: own } = process.env;
  return own && own !== 'default' ? [own] : [];
}

const portsFile = (home: string) => path.join(home, 'ports.json');

function readPorts(home: string): Ports {
  if (!existsSync(portsFile(home))) return {};
  try {
    return JSON.parse(readFileSync(portsFile(home), 'utf8')) as Ports;
  } catch {
    return {}; // half written by a process that was killed; any free port will do
  }
}

function writePorts(home: string, { temporal, ui, journal }: ServiceAddresses): void {
  const ports: Ports = {
    journal: Number(new URL(journal).port),
    ...(ui === null ? {} : { temporal: Number(temporal.split(':').at(-1)), ui: Number(new URL(ui).port) }),
  };
  writeFileSync(portsFile(home), JSON.stringify(ports));
}
