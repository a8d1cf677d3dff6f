import path from 'node:path';
import type { Services } from '../../services/dev.ts';
import { homeDirectory, type ServiceAddresses } from '../../services/home.ts';
import { configurationFile, readConfiguration } from '../configurationFile.ts';
import { exitCode } from '../exitCodes.ts';
import { createLog, type Log } from '../log.ts';
import type { DataOptions } from '../options.ts';
import { printLine } from '../output.ts';
import { aborted, stopSignal } from '../stopSignal.ts';
import { superviseWorker } from '../superviseWorker.ts';

type DevOptions = DataOptions & { worker: boolean; port?: number };

/**
 * `caravel dev`: the embedded services and a worker, until SIGINT or SIGTERM; then the worker drains and the services
 * stop. A worker that ends by itself is replaced.
 * @throws ServiceError when a service cannot be started, or ends by itself.
 */
export async function dev(options: DevOptions): Promise<number> {
  // A mistake in the file should not cost a start of the services.
  if (options.worker) readConfiguration(options);
  const log = createLog(options);
  const stop = stopSignal();
  stop.addEventListener('abort', () => log.info('stopping; once more stops at once'), { once: true });
  const home = homeDirectory();
  const { startServices } = await import('../../services/dev.ts');
  const services = await startServices({
    home,
    log: (line) => log.info(line),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  try {
    const ready = () => announce(services.addresses, home, options);
    return await Promise.race([
      options.worker ? work(options, log, stop, ready) : idle(stop, ready),
      services.failure.then((error) => {
        throw error;
      }),
    ]);
  } finally {
    await services.stop();
  }
}

/** The worker reads the configuration, and finds the services, as any worker of this home does. */
function work(options: DevOptions, log: Log, stop: AbortSignal, ready: () => void): Promise<number> {
  const words = ['--config', path.resolve(configurationFile(options)), ...(options.verbose ? ['--verbose'] : [])];
  return superviseWorker(words, log, stop, ready);
}

async function idle(stop: AbortSignal, ready: () => void): Promise<number> {
  ready();
  await aborted(stop);
  return exitCode.ok;
}

function announce({ temporal, ui, journal }: Services['addresses'], home: string, options: DevOptions): void {
  const addresses: ServiceAddresses = { temporal, ui, journal };
  if (options.json) {
    printLine(JSON.stringify(addresses));
    return;
  }
  printLine(`Temporal  ${temporal}`);
  if (ui !== null) printLine(`UI        ${ui}`);
  printLine(`journal   ${withoutPassword(journal)}`);
  printLine(`state     ${home}`);
  printLine(
    options.worker ? "worker    polls the task queue 'caravel'" : "worker    none; 'caravel worker' starts one",
  );
  printLine('Ctrl-C stops everything; state is kept.');
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  return url.href;
}
