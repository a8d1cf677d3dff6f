import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import color from 'picocolors';
import { recreateDatabase } from '../src/services/onDatabase.ts';
import { startPostgres } from '../src/services/postgres.ts';
import { startTemporal } from '../src/services/temporal.ts';
import { buildDemoEnvironments, type DemoEnvironments } from './demo/build.ts';

/**
 * `npm run demo`: starts what is needed, builds two environments, and migrates with the commands that users type.
 * Exits 0 only when the migration was verified, by the run itself and by `caravel verify`.
 */
const usage =
  'npm run demo -- [--rows N] [--keep] [--engine sqlserver --url mssql://…/SOURCE,mssql://…/DESTINATION [--journal URL]]';
const command = fileURLToPath(new URL('../src/cli/caravel.mjs', import.meta.url));
const run = 'demo';

interface DemoChoices {
  rows: number;
  keep: boolean;
  /** Where both environments are built; null: on a PostgreSQL of the demo's own. */
  server: { url: string; source: string; destination: string } | null;
  journal: string | null;
}

function options(): DemoChoices {
  try {
    const { values } = parseArgs({
      options: {
        rows: { type: 'string', default: '20000' },
        keep: { type: 'boolean', default: false },
        engine: { type: 'string', default: 'postgres' },
        url: { type: 'string' },
        journal: { type: 'string' },
      },
    });
    const rows = Number(values.rows);
    if (!Number.isInteger(rows) || rows < 100) throw new Error('--rows takes a whole number of at least 100');
    if (!['postgres', 'sqlserver'].includes(values.engine)) throw new Error('--engine is postgres or sqlserver');
    const server = values.engine === 'sqlserver' ? givenServer(values.url) : null;
    return { rows, keep: values.keep, server, journal: values.journal ?? null };
  } catch (error) {
    console.error(`demo: ${(error as Error).message}; usage: ${usage}`);
    process.exit(64);
  }
}

/** Two databases of one server: an administrator's URL of each. */
function givenServer(list: string | undefined): DemoChoices['server'] {
  const urls = (list ?? '').split(',');
  if (urls.length !== 2 || !urls.every((url) => url.startsWith('mssql://'))) {
    throw new Error('--engine sqlserver needs --url with two mssql:// URLs, that of the source first');
  }
  const [source, destination] = urls.map((url) => new URL(url)) as [URL, URL];
  if (source.host !== destination.host) throw new Error('both databases of --url must be on one server');
  const name = (url: URL) => decodeURIComponent(url.pathname.slice(1));
  if (!name(source) || !name(destination) || name(source) === name(destination)) {
    throw new Error('the URLs must name two databases, which the demo creates');
  }
  return { url: source.href, source: name(source), destination: name(destination) };
}

const title = (text: string) => console.log(`\n${color.bold(color.cyan('▸'))} ${color.bold(text)}`);
const detail = (text: string) => console.log(`  ${text}`);

/** Everything started, to be ended in reverse order. */
const endings: (() => Promise<void> | void)[] = [];
let ending: Promise<void> | null = null;

function endEverything(): Promise<void> {
  ending ??= (async () => {
    for (const end of endings.reverse()) await end();
  })();
  return ending;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => void endEverything().then(() => process.exit(signal === 'SIGINT' ? 130 : 143)));
}

async function demo(): Promise<number> {
  const { rows, keep, server, journal } = options();
  const started = Date.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'caravel-demo-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));

  title('Starting PostgreSQL and Temporal');
  const postgres = await startPostgres({ name: 'demo', durable: false, log: detail });
  endings.push(() => postgres.stop());
  const temporal = await startTemporal({ log: detail });
  endings.push(() => temporal.stop());

  title(`Building two OutSystems environments, ${rows.toLocaleString('en')} rows in the largest entity`);
  const environments = await buildDemoEnvironments({
    serverUrl: server?.url ?? postgres.url,
    sourceDatabase: server?.source ?? 'production',
    destinationDatabase: server?.destination ?? 'quality',
    rows,
    log: detail,
  });
  const { configuration, spec } = await writeFiles(
    folder,
    journal ?? (await recreateDatabase(postgres.url, 'caravel_journal')),
    environments,
  );
  const variables = {
    ...process.env,
    CARAVEL_CONFIG: configuration,
    CARAVEL_HOME: path.join(folder, 'home'),
    TEMPORAL_ADDRESS: temporal.address,
  };

  title('caravel worker');
  const worker = startWorker(variables);
  endings.push(worker.stop);
  await worker.polls;
  detail('polls the task queue "caravel" in the background');

  title('caravel plan spec.json');
  const planned = await caravel(variables, ['plan', spec]);
  if (planned !== 0) return planned;

  title(`caravel start spec.json --id ${run} --wait`);
  const migrated = await caravel(variables, ['start', spec, '--id', run, '--wait']);
  if (migrated !== 0) return migrated;

  title(`caravel verify ${run}`);
  const verified = await caravel(variables, ['verify', run]);
  if (verified !== 0) return verified;

  const seconds = Math.round((Date.now() - started) / 1_000);
  console.log(`\n${color.green('✓')} migrated and verified in ${seconds} s, services and environments included`);
  if (keep) await keepRunning(temporal.ui, configuration, postgres.url);
  return 0;
}

async function writeFiles(folder: string, journal: string, environments: DemoEnvironments) {
  const configuration = path.join(folder, 'caravel.json');
  const spec = path.join(folder, 'spec.json');
  const document = {
    environments: {
      production: { url: environments.source.url },
      quality: { url: environments.destination.url },
    },
    journal: { url: journal },
  };
  writeFileSync(configuration, JSON.stringify(document, null, 2), { mode: 0o600 });
  writeFileSync(spec, JSON.stringify(environments.spec, null, 2));
  return { configuration, spec };
}

/** `polls` resolves when the worker takes tasks, or has ended. */
function startWorker(variables: NodeJS.ProcessEnv): { polls: Promise<unknown>; stop: () => Promise<void> } {
  const worker = spawn(process.execPath, [command, 'worker'], { env: variables, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const exited = once(worker, 'exit');
  const ready = new Promise<void>((resolve) => {
    worker.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-20_000);
      if (log.includes('worker polls')) resolve();
    });
  });
  let stopping = false;
  void exited.then(([code]) => {
    if (!stopping) console.error(`demo: the worker ended (${code}):\n${log}`);
  });
  return {
    polls: Promise.race([ready, exited]),
    async stop() {
      stopping = true;
      worker.kill('SIGTERM');
      await exited;
    },
  };
}

async function caravel(variables: NodeJS.ProcessEnv, words: string[]): Promise<number> {
  const child = spawn(process.execPath, [command, ...words], {
    env: variables,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function keepRunning(ui: string | null, configuration: string, serverUrl: string): Promise<void> {
  title('Everything stays up until Ctrl-C');
  if (ui) detail(`Temporal UI    ${ui}`);
  detail(`configuration  ${configuration}  (export CARAVEL_CONFIG=… to use caravel on it)`);
  detail(`PostgreSQL     ${serverUrl}`);
  await new Promise(() => setInterval(() => {}, 60_000));
}

const code = await demo().catch((error) => {
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: null };
  // The demo's own rows are nobody's secret: the server's words may be shown.
  console.error(`demo: ${message}${cause instanceof Error ? `: ${cause.message}` : ''}`);
  return 1;
});
await endEverything();
process.exit(code);
