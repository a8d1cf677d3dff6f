import path from 'node:path';
import type { Services } from '../../../infra/services/dev.ts';
import { homeDirectory, type ServiceAddresses } from '../../../infra/services/home.ts';
import { configurationFile, readConfiguration } from '../configurationFile.ts';
import { notePlace } from '../databasePlaces.ts';
import { journalUrl } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import { createLog, type Log } from '../log.ts';
import type { DataOptions } from '../options.ts';
import { printLine } from '../output.ts';
import { aborted, stopSignal } from '../stopSignal.ts';
import { findTemporal } from '../temporal.ts';

type DevOptions = DataOptions & { worker: boolean; port?: number };

/**
 * `caravel dev`: the embedded services and a worker, until SIGINT or SIGTERM; then the worker drains and the services stop.
 * @throws ServiceError when a service cannot be started, or ends by itself.
 */
export async function dev(options: DevOptions): Promise<number> {
  // A mistake in the file should not cost a start of the services.
  if (options.worker) readConfiguration(options);
  const log = createLog(options);
  const stop = stopSignal();
  stop.addEventListener('abort', () => log.info('stopping; once more stops at once'), { once: true });
  const home = homeDirectory();
  const { startServices } = await import('../../../infra/services/dev.ts');
  const services = await startServices({
    home,
    log: (line) => log.info(line),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  try {
    const ready = () => announce(services.addresses, home, options);
    await Promise.race([
      options.worker ? work(options, log, stop, ready) : idle(stop, ready),
      services.failure.then((error) => {
        throw error;
      }),
    ]);
  } finally {
    await services.stop();
  }
  return exitCode.ok;
}

async function work(options: DevOptions, log: Log, stop: AbortSignal, ready: () => void): Promise<void> {
  const journal = journalUrl(readConfiguration(options));
  notePlace('journal', journal.url, journal.setting);
  const { connection, namespace } = findTemporal();
  const configurationPath = path.resolve(configurationFile(options));
  const temporal = { ...connection, namespace };
  // The worker's part of the SDK takes a second to load; a wrong file is refused before that.
  const { runWorker } = await import('../workerProcess.ts');
  await runWorker({ configurationFile: configurationPath, journalUrl: journal.url, temporal }, log, stop, ready);
}

async function idle(stop: AbortSignal, ready: () => void): Promise<void> {
  ready();
  await aborted(stop);
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
