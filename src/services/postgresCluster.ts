import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './command.ts';
import { makePrivateFolder } from './home.ts';
import { type Account, canEnter, sharedFolder } from './postgresAccount.ts';
import type { PostgresBinaries } from './postgresBinaries.ts';
import { ServiceError } from './serviceError.ts';

/** PostgreSQL's data directory and the password of its superuser `caravel`. */
export interface Cluster {
  directory: string;
  password: string;
}

/**
 * What PostgreSQL's programs may see of this process's environment: nothing that changes its locale, zone or libraries.
 */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const { PATH, CARAVEL_TEST_RUN } = process.env;
  return { PATH, LC_ALL: 'C', TZ: 'UTC', ...(CARAVEL_TEST_RUN ? { CARAVEL_TEST_RUN } : {}) };
}

/**
 * A new folder for a server that keeps nothing, where `account` can enter.
 * @throws ServiceError when there is no place.
 */
export function temporaryFolder(name: string, account: Account | null): string {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    let folder: string;
    try {
      folder = mkdtempSync(path.join(parent, `caravel-${name}-`));
    } catch {
      continue;
    }
    if (account === null) return folder;
    chmodSync(folder, 0o711);
    if (canEnter(account, folder)) return folder;
    rmSync(folder, { recursive: true });
  }
  throw new ServiceError(`no temporary folder can be made in ${tmpdir()}; set TMPDIR to one that can be written`);
}

/**
 * The cluster of a state folder, made at its first use. Where `account` cannot enter the folder, the data lies
 * elsewhere and the folder says where.
 * @throws ServiceError when it cannot be made, or was made by another major version.
 */
export async function openCluster(
  folder: string,
  account: Account | null,
  binaries: PostgresBinaries,
  durable: boolean,
): Promise<Cluster> {
  const passwordFile = path.join(folder, 'password');
  const directory = path.join(placeOfData(folder, account), 'cluster');
  if (!existsSync(directory) || !existsSync(passwordFile)) {
    if (existsSync(directory)) {
      throw new ServiceError(
        `${passwordFile} is missing, but ${directory} is there: restore the one or remove the other`,
      );
    }
    const password = randomBytes(18).toString('hex');
    await initialise(directory, { password, account, binaries, durable });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    renameSync(`${directory}.new`, directory);
  }
  const made = readFileSync(path.join(directory, 'PG_VERSION'), 'utf8').trim();
  if (!binaries.version.startsWith(`${made}.`)) {
    throw new ServiceError(
      `${directory} was made by PostgreSQL ${made}, this is ${binaries.version}: use that version, or another CARAVEL_HOME`,
    );
  }
  return { directory, password: readFileSync(passwordFile, 'utf8').trim() };
}

/**
 * PostgreSQL refuses to start while the process named in postmaster.pid lives, even when that id now belongs to another
 * program (after a restart of the machine or container). Call it when no server of this cluster can be running.
 */
export function forgetReusedProcessId({ directory }: Cluster): void {
  const file = path.join(directory, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = readFileSync(file, 'utf8').split('\n')[0]!.trim();
  const command = runCommand('ps', ['-o', 'command=', '-p', pid]);
  if (command !== null && !command.includes('postgres')) rmSync(file);
}

function placeOfData(folder: string, account: Account | null): string {
  if (account === null) return folder;
  const note = path.join(folder, 'data-is-in');
  if (existsSync(note)) return readFileSync(note, 'utf8').trim();
  if (canEnter(account, folder)) return folder;
  const place = path.join(sharedFolder(account), 'clusters', randomBytes(8).toString('hex'));
  makePrivateFolder(path.dirname(place));
  makePrivateFolder(place);
  writeFileSync(path.join(place, 'belongs-to'), `${folder}\n`, { mode: 0o600 });
  writeFileSync(note, `${place}\n`, { mode: 0o600 });
  return place;
}

/** Makes `<directory>.new`, so that an interrupted one is never taken for a cluster. */
async function initialise(
  directory: string,
  {
    password,
    account,
    binaries,
    durable,
  }: { password: string; account: Account | null; binaries: PostgresBinaries; durable: boolean },
): Promise<void> {
  const draft = `${directory}.new`;
  const secret = `${directory}.secret`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(secret, password, { mode: 0o600 });
  if (account) {
    chownSync(draft, account.uid, account.gid);
    chownSync(secret, account.uid, account.gid);
  }
  const args = [
    ...['--pgdata', draft, '--username', 'caravel', '--pwfile', secret, '--auth', 'scram-sha-256'],
    // The builtin provider knows Unicode without any locale of the operating system.
    ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ...['--no-instructions', ...(durable ? [] : ['--no-sync'])],
  ];
  try {
    const child = spawn(binaries.initdb, args, {
      cwd: '/',
      env: postgresEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0)
      throw new ServiceError(`PostgreSQL's initdb failed in ${draft}: ${output.trim().split('\n').at(-1)}`);
  } finally {
    rmSync(secret, { force: true });
  }
}
