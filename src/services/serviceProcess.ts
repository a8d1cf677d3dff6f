import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { isRunning, type ProcessRecord, processRecord } from './processLock.mjs';
import { ServiceError } from './serviceError.ts';

export interface ServiceCommand {
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** The account to run under; left out: the one of this process. */
  account?: { uid: number; gid: number } | null;
  /** Gets stdout and stderr, appended. */
  logFile: string;
  /** Remembers the process, so that the next start can end one that was left behind. */
  pidFile: string;
  /** Asks the service to end. */
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** Removed by the guard when this process dies without stopping the service. */
  temporaryFolder?: string | undefined;
}

export interface ServiceProcess {
  readonly pid: number;
  readonly running: boolean;
  readonly logFile: string;
  /** Size of the log when it was started, in bytes. */
  readonly logStart: number;
  /** Resolves when the process is gone, wanted or not. */
  readonly ended: Promise<void>;
  /** Asks it to end, with the stop signal or another; kills it after `graceSeconds` (default 20). */
  stop(signal?: NodeJS.Signals, graceSeconds?: number): Promise<void>;
}

/**
 * What outlives this process when it is killed: reads a pipe until it closes, then ends the service. The word "done"
 * dismisses it.
 */
const guardScript = `
while read -r word; do [ "$word" = done ] && exit 0; done
kill -"$2" "$1" 2>/dev/null
count=0
while kill -0 "$1" 2>/dev/null && [ "$count" -lt 100 ]; do sleep 0.1; count=$((count + 1)); done
kill -KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf -- "$3"
`;

/** Ends process `pid` if this process dies first, however it dies. @returns what dismisses the guard. */
export function guardProcess(pid: number, signal: NodeJS.Signals, temporaryFolder = ''): () => void {
  const args = ['-c', guardScript, 'caravel-guard', String(pid), signal.slice('SIG'.length), temporaryFolder];
  const guard = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], cwd: '/', detached: true });
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  // The pipe alone must not keep this process running: its end is what the guard waits for.
  (guard.stdin as Socket).unref();
  return () => void guard.stdin.end('done\n');
}

/**
 * Starts a service in a process group of its own, so that Ctrl-C reaches it through stop(), in order, and not at once.
 * @throws ServiceError when it cannot be executed.
 */
export async function startServiceProcess(options: ServiceCommand): Promise<ServiceProcess> {
  const log = openSync(options.logFile, 'a', 0o600);
  const logStart = fstatSync(log).size;
  const child = spawn(options.command, options.args, {
    cwd: '/',
    env: options.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
  });
  closeSync(log);
  let running = true;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running = false;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new ServiceError(`${options.command} cannot be run: ${error.message}`)));
  });
  const pid = child.pid!;
  const dismissGuard = guardProcess(pid, options.stopSignal, options.temporaryFolder);
  writeFileSync(options.pidFile, JSON.stringify(processRecord(pid)), { mode: 0o600 });
  void ended.then(() => {
    dismissGuard();
    rmSync(options.pidFile, { force: true });
  });

  return {
    pid,
    ended,
    logFile: options.logFile,
    logStart,
    get running() {
      return running;
    },
    async stop(signal = options.stopSignal, graceSeconds = 20) {
      if (!running) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), graceSeconds * 1_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Ends the process that a killed run left behind, if it is still there. */
export async function endLeftOver(pidFile: string, signal: NodeJS.Signals): Promise<void> {
  let record: ProcessRecord;
  try {
    record = JSON.parse(readFileSync(pidFile, 'utf8')) as ProcessRecord;
  } catch {
    return;
  }
  if (isRunning(record)) {
    process.kill(record.pid, signal);
    for (const deadline = Date.now() + 20_000; isRunning(record); await pause(50)) {
      if (Date.now() > deadline) process.kill(record.pid, 'SIGKILL');
    }
  }
  rmSync(pidFile, { force: true });
}

/** What a service wrote to its log (from byte `logStart`), in one line of its last few, for an error message. */
export function lastWords({ logFile, logStart }: { logFile: string; logStart: number }): string {
  const text = readFileSync(logFile).subarray(logStart).toString('utf8');
  return text.trim().split('\n').slice(-6).join(' | ') || `see ${logFile}`;
}

/** Begins a log anew when it has grown beyond 10 MB. */
export function limitLog(file: string): void {
  try {
    if (statSync(file).size > 10_000_000) rmSync(file);
  } catch {
    // there is none yet
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
