import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { exitCode } from './exitCodes.ts';
import type { Log } from './log.ts';
import { pause } from './stopSignal.ts';

/** What a worker tells whoever started it: it polls. */
export const readyMessage = 'ready';

/** Before a new worker takes the place of one that ended by itself; twice as long each time it ends soon again. */
const shortestPauseMs = 1_000;
const longestPauseMs = 60_000;
/** A worker that lived for so long did not fail at its start. */
const longLifeMs = 60_000;

/**
 * Runs `caravel worker` in a process of its own, and a new one whenever it ends by itself: a defect there does not take
 * the services along.
 * @param words further words of the command.
 * @param onReady is called when the first one polls.
 * @returns 0 once it was told to stop and has drained; the exit code of a first one that never polled.
 */
export async function superviseWorker(
  words: string[],
  log: Log,
  stop: AbortSignal,
  onReady: () => void,
): Promise<number> {
  let wasReady = false;
  for (let wait = shortestPauseMs; !stop.aborted; wait = Math.min(2 * wait, longestPauseMs)) {
    const began = Date.now();
    const ended = await live(words, stop, () => {
      if (!wasReady) onReady();
      wasReady = true;
    });
    if (stop.aborted) break;
    if (!wasReady) return typeof ended === 'number' ? ended : exitCode.defect;
    if (Date.now() - began > longLifeMs) wait = shortestPauseMs;
    log.error({ ended }, `the worker ended by itself; a new one starts in ${wait / 1_000} s`);
    await pause(wait, stop);
  }
  return exitCode.ok;
}

/** One worker's life. @returns the exit code or signal that ended it. */
async function live(words: string[], stop: AbortSignal, onReady: () => void): Promise<number | NodeJS.Signals> {
  // Apart from this process's group: a terminal's Ctrl-C reaches it through us alone, once. When we are gone it is told
  // so by the channel between us.
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, process.argv[1]!, 'worker', ...words], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  child.on('message', (message) => {
    if (message === readyMessage) onReady();
  });
  const end = () => child.kill('SIGTERM');
  if (stop.aborted) end();
  else stop.addEventListener('abort', end, { once: true });
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return signal ?? code ?? exitCode.defect;
  } finally {
    stop.removeEventListener('abort', end);
  }
}
