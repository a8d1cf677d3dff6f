import { setFlagsFromString } from 'node:v8';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { type CaravelWorkerOptions, createCaravelWorker } from '../../activities/worker.ts';
import { ConfigurationError } from '../config/configuration.ts';
import { DatabaseError } from '../database/errors.ts';
import { taskQueue } from '../runs/contract.ts';
import { CommandError, exitCode } from './exitCodes.ts';
import type { Log } from './log.ts';
import { outOfReach } from './temporal.ts';

/**
 * Rows of a batch live just long enough to be promoted to V8's old generation, which by default may grow to three times
 * what is alive before it is collected: a worker's memory would be mostly garbage. 40 % costs no speed that can be
 * measured.
 */
const heapGrowth = '--heap-growing-percent=40';

/**
 * Starts a worker in this process.
 * @param onReady is called when it polls.
 * @returns when it has stopped and batches in flight are finished.
 * @throws ConfigurationError, DatabaseError (journal), CommandError (Temporal)
 */
export async function runWorker(
  options: CaravelWorkerOptions & { temporal: { address: string } },
  log: Log,
  stop: AbortSignal,
  onReady: () => void = () => {},
): Promise<void> {
  setFlagsFromString(heapGrowth);
  logThrough(log);
  const worker = await createCaravelWorker(options).catch((error) => {
    throw explained(error, options.temporal.address);
  });
  const silence = lastWords(log, () => worker.inFlight());
  const running = worker.run();
  const shutDown = () => {
    log.info('stopping: batches in flight are finished first');
    worker.shutdown();
  };
  if (stop.aborted) shutDown();
  else stop.addEventListener('abort', shutDown, { once: true });
  log.info({ taskQueue, temporal: options.temporal.address }, 'worker polls');
  onReady();
  try {
    await running;
  } finally {
    stop.removeEventListener('abort', shutDown);
    silence();
  }
}

/**
 * An exception that nobody caught leaves the process in a state that nobody knows: it is logged with what the worker
 * was at, and the process ends as a defect. Temporal gives its activities to another worker, or to the next one here.
 * @returns what takes the watch away again.
 */
function lastWords(log: Log, inFlight: () => unknown[]): () => void {
  const end = (error: unknown) => {
    log.fatal({ err: error, inFlight: inFlight() }, 'uncaught exception: the worker ends; this is a defect of Caravel');
    process.exit(exitCode.defect);
  };
  process.on('uncaughtException', end);
  return () => process.removeListener('uncaughtException', end);
}

function explained(error: unknown, address: string): unknown {
  if (error instanceof ConfigurationError || error instanceof DatabaseError) return error;
  const { name, message } = error as Error;
  if (name === 'TransportError' || /transport error|Connection failed|ConnectError/i.test(message)) {
    return outOfReach(address, error);
  }
  if (/^journal: /.test(message)) return new CommandError(exitCode.unavailable, message, error);
  if (/namespace/i.test(message)) {
    return new CommandError(exitCode.unavailable, `Temporal at ${address}: ${message}`, error);
  }
  return error;
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** The SDK's logs, and those of activities, go where ours go. The command handles the signals itself. */
function logThrough(log: Log): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => log[levels[level]](meta ?? {}, message)),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
    },
    shutdownSignals: [],
  });
}
