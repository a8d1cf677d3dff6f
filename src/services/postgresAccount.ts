import { lstatSync } from 'node:fs';
import { runCommand } from './command.ts';
import { makePrivateFolder } from './home.ts';
import { ServiceError } from './serviceError.ts';

/** An account of the operating system. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

let known: Account | null | undefined;

/**
 * The account that PostgreSQL runs under: null for this process's own; as root, which PostgreSQL refuses, `postgres`
 * (made if it is missing) or else `nobody`.
 * @throws ServiceError when root cannot act as anybody else.
 */
export function postgresAccount(): Account | null {
  if (known !== undefined) return known;
  if (process.getuid?.() !== 0) {
    known = null;
    return known;
  }
  known = usable('postgres') ?? (makeAccount('postgres') ? usable('postgres') : null) ?? usable('nobody');
  if (known === null) {
    throw new ServiceError(
      'PostgreSQL does not run as root, and no other account can be used here; run this as another user',
    );
  }
  return known;
}

/** Whether an account (null: this process) may enter a folder, through all that lie above it. */
export function canEnter(account: Account | null, folder: string): boolean {
  return runCommand('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], account) !== null;
}

/**
 * As root: a folder of root's own that the account can enter, for what must not lie in a home or clone closed to it.
 * @throws ServiceError when there is none.
 */
export function sharedFolder(account: Account): string {
  const candidates = ['/var/lib/caravel', '/var/cache/caravel', '/var/tmp/caravel-shared'];
  for (const folder of candidates) {
    try {
      makePrivateFolder(folder);
      const { uid, mode } = lstatSync(folder);
      if (uid === 0 && (mode & 0o170022) === 0o040000 && canEnter(account, folder)) return folder;
    } catch {
      // not this one
    }
  }
  throw new ServiceError(`PostgreSQL runs as user ${account.name}, who can enter none of ${candidates.join(', ')}`);
}

function usable(name: string): Account | null {
  const [uid, gid] = ['-u', '-g'].map((option) => Number.parseInt(runCommand('id', [option, name]) ?? '', 10));
  if (!uid || !Number.isInteger(gid)) return null;
  const account = { name, uid, gid: gid! };
  return canEnter(account, '/') ? account : null;
}

function makeAccount(name: string): boolean {
  return (
    runCommand('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', name]) !== null ||
    runCommand('adduser', ['-S', '-D', '-H', '-s', '/bin/false', name]) !== null
  );
}
