import { mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.ts';
import { cacheDirectory } from './home.ts';
import { waitForLock } from './processLock.mjs';
import { ServiceError } from './serviceError.ts';
import { buildTemporal } from './temporalBuild.ts';
import { downloadTemporal } from './temporalDownload.ts';
import { temporalVersion } from './temporalVersion.ts';

/** Makes the program as file `target`, or throws an Error that says in a few words why it cannot. */
export type TemporalSource = (target: string, log: (line: string) => void) => Promise<void>;

const sources: [name: string, source: TemporalSource][] = [
  ['download', downloadTemporal],
  ['Go toolchain', buildTemporal],
];

/**
 * A `temporal` program that can run a development server: the one on the PATH, the cached one, or one that is fetched
 * or built now, by one process at a time.
 * @throws ServiceError when every source failed, with what to install.
 */
export async function temporalProgram(
  log: (line: string) => void,
  from: { cache?: string; sources?: [name: string, source: TemporalSource][] } = {},
): Promise<string> {
  if (runsServer('temporal')) return 'temporal';
  const folder = path.join(from.cache ?? cacheDirectory(), `temporal-${temporalVersion}`);
  const cached = path.join(folder, 'temporal');
  if (runsServer(cached)) return cached;

  const failures: string[] = [];
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ServiceError(`${folder} cannot be made (${(error as NodeJS.ErrnoException).code}); set XDG_CACHE_HOME`);
  }
  const release = await waitForLock(path.join(folder, 'lock'), (holder) =>
    log(`Waiting for process ${holder}, which is getting the Temporal server`),
  );
  try {
    if (runsServer(cached)) return cached;
    for (const [name, source] of from.sources ?? sources) {
      const draftFolder = path.join(folder, `new-${process.pid}`);
      const draft = path.join(draftFolder, 'temporal');
      try {
        mkdirSync(draftFolder, { recursive: true });
        await source(draft, log);
        if (!runsServer(draft)) throw new Error('what it gave does not run here');
        renameSync(draft, cached);
        return cached;
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      } finally {
        rmSync(draftFolder, { recursive: true, force: true });
      }
    }
  } finally {
    release();
  }
  throw new ServiceError(
    `the Temporal server is not on this machine and could not be had (${failures.join('; ')}): install the Temporal CLI ` +
      '(https://docs.temporal.io/cli) so that `temporal` is on the PATH, or set TEMPORAL_ADDRESS to a server of yours',
  );
}

/** Whether this is a Temporal CLI with a development server of the kind we start. */
function runsServer(program: string): boolean {
  const help = runCommand(program, ['server', 'start-dev', '--help']);
  return help?.includes('--db-filename') === true && help.includes('--dynamic-config-value');
}
