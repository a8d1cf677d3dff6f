import { accessSync, chmodSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { isRunning, type ProcessRecord, processRecord } from './processLock.mjs';
import { ServiceError } from './serviceError.ts';

/** Where the services of a `caravel dev` are. */
export interface ServiceAddresses {
  /** host:port */
  temporal: string;
  /** URL of the Temporal UI; null when Temporal is not ours (TEMPORAL_ADDRESS). */
  ui: string | null;
  /** postgres:// URL with its password. */
  journal: string;
}

export interface RunningServices extends ServiceAddresses {
  /** The process of that `caravel dev`. */
  pid: number;
}

const addressesFile = (home: string) => path.join(home, 'services.json');

/**
 * Where state lives (docs/interface.md): $CARAVEL_HOME, else ~/.local/share/caravel, as root /var/lib/caravel.
 * Absolute.
 */
export function homeDirectory(variables: NodeJS.ProcessEnv = process.env): string {
  if (variables.CARAVEL_HOME) return path.resolve(variables.CARAVEL_HOME);
  if (process.getuid?.() === 0) return '/var/lib/caravel';
  return path.join(homedir(), '.local', 'share', 'caravel');
}

/** Where downloads and builds are kept: $XDG_CACHE_HOME/caravel, else ~/.cache/caravel. */
export function cacheDirectory(variables: NodeJS.ProcessEnv = process.env): string {
  const own = variables.XDG_CACHE_HOME;
  return path.join(own && path.isAbsolute(own) ? own : path.join(homedir(), '.cache'), 'caravel');
}

/**
 * Makes a folder, if it is not there, that others cannot list; as root they may pass through it, because PostgreSQL
 * runs as another user.
 * @throws ServiceError when it cannot be written.
 */
export function makePrivateFolder(folder: string): void {
  try {
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    // A folder that was there keeps its mode: it may be one that people share.
    if (mkdirSync(folder, { recursive: true, mode }) !== undefined) chmodSync(folder, mode);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new ServiceError(
      `${folder} cannot be made or written (${(error as NodeJS.ErrnoException).code}); set CARAVEL_HOME to a folder of yours`,
    );
  }
}

/** The services of the `caravel dev` that runs on this home; null when none does. */
export function readRunningServices(home = homeDirectory()): RunningServices | null {
  try {
    const { start, ...services } = JSON.parse(readFileSync(addressesFile(home), 'utf8')) as RunningServices &
      ProcessRecord;
    return isRunning({ pid: services.pid, start }) ? services : null;
  } catch {
    return null;
  }
}

/** Tells other commands where this process's services are. Holds the journal's password: readable to this user only. */
export function writeRunningServices(home: string, addresses: ServiceAddresses): void {
  const document = { ...addresses, ...processRecord(process.pid) };
  writeFileSync(addressesFile(home), `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
}

export function forgetRunningServices(home: string): void {
  rmSync(addressesFile(home), { force: true });
}
