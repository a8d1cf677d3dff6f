import path from 'node:path';
import { configurationFile, readConfiguration } from '../configurationFile.ts';
import { notePlace } from '../databasePlaces.ts';
import { journalUrl } from '../databases.ts';
import { exitCode } from '../exitCodes.ts';
import { createLog } from '../log.ts';
import type { CommonOptions } from '../options.ts';
import { stopSignal } from '../stopSignal.ts';
import { readyMessage } from '../superviseWorker.ts';
import { findTemporal } from '../temporal.ts';

/** `caravel worker`: polls until SIGINT or SIGTERM, then finishes the batches in flight. */
export async function worker(options: CommonOptions): Promise<number> {
  const configuration = readConfiguration(options);
  const journal = journalUrl(configuration);
  notePlace('journal', journal.url, journal.setting);
  const { connection, namespace } = findTemporal();
  const temporal = { ...connection, namespace };
  const configurationPath = path.resolve(configurationFile(options));
  // The worker's part of the SDK takes a second to load; a wrong file is refused before that.
  const { runWorker } = await import('../workerProcess.ts');
  await runWorker(
    { configurationFile: configurationPath, journalUrl: journal.url, temporal },
    createLog(options),
    stopSignal(),
    () => process.send?.(readyMessage),
  );
  return exitCode.ok;
}
