import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { guardProcess } from './serviceProcess.ts';
import { afterLine, modulesIn, notBegun, progressLine, showProgress } from './temporalBuildProgress.ts';
import { temporalVersion } from './temporalVersion.ts';

const moduleName = `github.com/temporalio/cli@v${temporalVersion}`;
const program = 'github.com/temporalio/cli/cmd/temporal';
const packageName = `${program}@v${temporalVersion}`;

/** How a command of Go is run. */
interface GoCommand {
  env: NodeJS.ProcessEnv;
  cwd: string;
  seconds: number;
  /** Hears each line on stderr. */
  listen?: (line: string) => void;
}

/**
 * Builds the Temporal CLI with Go. (Versions after 1.5.1 carry a `replace`, which `go install` refuses.) Asks for the
 * module first, within seconds, so that a machine without a module proxy does not wait for minutes.
 */
export async function buildTemporal(target: string, log: (line: string) => void): Promise<void> {
  const folder = path.dirname(target);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    GOBIN: folder,
    GO111MODULE: 'on',
    GOWORK: 'off',
    // Not empty, else the flags of `go env -w` would hold: one like -mod=vendor makes `go install` of a module fail.
    GOFLAGS: '-mod=mod',
    // A toolchain older than the module wants fetches a newer one.
    GOTOOLCHAIN: 'auto',
  };
  delete env.GOOS;
  delete env.GOARCH;
  await go(['list', '-m', moduleName], { env, cwd: folder, seconds: 30 });
  log('Building the Temporal server with Go, once; this takes some minutes');
  let progress = notBegun;
  const listen = (line: string) => {
    progress = afterLine(progress, line, program);
  };
  const endProgress = showProgress(log, (seconds) => progressLine(progress, seconds));
  const command = { env, cwd: folder, seconds: 3_600, listen };
  try {
    // What is to come is only told: where it cannot be known, the build goes on without.
    const source = await sourceFolder(command).catch(() => null);
    if (source !== null) {
      progress = { ...progress, modules: modulesToDownload(source) };
      progress = { ...progress, packages: await packagesToCompile({ ...command, cwd: source }).catch(() => null) };
    }
    await go(['install', '-v', packageName], command);
  } finally {
    endProgress();
  }
}

async function sourceFolder(command: GoCommand): Promise<string> {
  const { Dir } = JSON.parse(await go(['mod', 'download', '-json', moduleName], command)) as { Dir: string };
  return Dir;
}

function modulesToDownload(source: string): number | null {
  try {
    return modulesIn(readFileSync(path.join(source, 'go.sum'), 'utf8'));
  } catch {
    return null;
  }
}

/** Downloads the modules, to see what they import; packages that Go has compiled before do not count. */
async function packagesToCompile(command: GoCommand): Promise<number> {
  const format = '{{if .Stale}}{{.ImportPath}}{{end}}';
  const listed = await go(['list', '-mod=readonly', '-deps', '-f', format, './cmd/temporal'], command);
  return listed.split('\n').filter((name) => name !== '' && name !== 'unsafe').length;
}

/**
 * @returns its standard output.
 * @throws Error with the last line that it said.
 */
async function go(args: string[], { env, cwd, seconds, listen }: GoCommand): Promise<string> {
  const child = spawn('go', args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let message = '';
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    message = (message + chunk).slice(-4_000);
  });
  if (listen) createInterface(child.stderr).on('line', listen);
  const closed = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? 'there is none' : error.message);
  });
  const dismissGuard = child.pid === undefined ? () => {} : guardProcess(child.pid, 'SIGTERM');
  const timer = setTimeout(() => child.kill('SIGTERM'), seconds * 1_000);
  try {
    const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
    if (signal) throw new Error(`\`go ${args[0]}\` was ended by ${signal} after at most ${seconds} s`);
    if (code !== 0) throw new Error(message.trim().split('\n').at(-1) || `\`go ${args[0]}\` ended with ${code}`);
    return output;
  } finally {
    clearTimeout(timer);
    dismissGuard();
  }
}
