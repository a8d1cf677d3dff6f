import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { guardProcess } from './serviceProcess.ts';
import { temporalVersion } from './temporalVersion.ts';

const moduleName = `github.com/temporalio/cli@v${temporalVersion}`;
const packageName = `github.com/temporalio/cli/cmd/temporal@v${temporalVersion}`;

/**
 * Builds the Temporal CLI with Go. (Versions after 1.5.1 carry a `replace`, which `go install` refuses.) Asks for the module
 * first, within seconds, so that a machine without a module proxy does not wait for minutes.
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
  await go(['list', '-m', moduleName], env, folder, 30);
  log('Building the Temporal server with Go, once; this takes some minutes');
  await go(['install', packageName], env, folder, 3_600);
}

async function go(args: string[], env: NodeJS.ProcessEnv, cwd: string, seconds: number): Promise<void> {
  const child = spawn('go', args, { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let message = '';
  child.stderr.on('data', (chunk) => {
    message = (message + chunk).slice(-4_000);
  });
  const closed = once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? 'there is none' : error.message);
  });
  const dismissGuard = child.pid === undefined ? () => {} : guardProcess(child.pid, 'SIGTERM');
  const timer = setTimeout(() => child.kill('SIGTERM'), seconds * 1_000);
  try {
    const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
    if (signal) throw new Error(`\`go ${args[0]}\` was ended by ${signal} after at most ${seconds} s`);
    if (code !== 0) throw new Error(message.trim().split('\n').at(-1) || `\`go ${args[0]}\` ended with ${code}`);
  } finally {
    clearTimeout(timer);
    dismissGuard();
  }
}
