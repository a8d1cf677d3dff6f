import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import color from 'picocolors';

/**
 * `npm test`: lint, types, imports, tests; with arguments (`npm test -- test/database`) only those tests. Ends with a
 * line "N passed, N failed" and exits 0 only when all of it is well. With `--sqlserver` (`npm run test:sqlserver`)
 * everything that there is for SQL Server, and nothing for PostgreSQL. With `--soak MINUTES` (`npm run soak --
 * MINUTES`) only what breaks connections for so long. With `--histories` (`npm run histories`) nothing is tested: the
 * histories are recorded that are replayed.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const program = (...words: string[]) => path.join(root, 'node_modules', ...words);
const testRun = randomUUID();
/** The tests' temporary files; PostgreSQL's account must be able to pass through. */
const folder = mkdtempSync(path.join(tmpdir(), 'caravel-tests-'));
const plain = !process.stdout.isTTY && process.env.FORCE_COLOR === undefined;

const current = new Set<ChildProcess>();
let interrupted: NodeJS.Signals | null = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (interrupted !== null) return;
    interrupted = signal;
    // From a terminal, Ctrl-C has reached the children already; a second one would cut their clean-up short.
    if (!(signal === 'SIGINT' && process.stdin.isTTY)) for (const child of current) child.kill(signal);
  });
}

const announce = (title: string) => console.log(`\n${color.bold(color.cyan('▸'))} ${color.bold(title)}`);

/**
 * @param after a step that prints meanwhile: what this one prints is held back until both have ended.
 * @returns whether it ended well.
 */
async function step(title: string, words: string[], after?: Promise<unknown>): Promise<boolean> {
  if (interrupted) return false;
  if (!after) announce(title);
  const printed = path.join(folder, `${randomUUID()}.log`);
  const output = after ? openSync(printed, 'w') : 'inherit';
  const child = spawn(process.execPath, words, {
    cwd: root,
    stdio: ['inherit', output, output],
    env: { ...(plain || after ? { NO_COLOR: '1' } : {}), ...process.env, CARAVEL_TEST_RUN: testRun, TMPDIR: folder },
  });
  current.add(child);
  const [code] = (await once(child, 'exit')) as [number | null];
  current.delete(child);
  if (typeof output === 'number') {
    closeSync(output);
    await after;
    announce(title);
    process.stdout.write(readFileSync(printed));
  }
  return code === 0;
}

interface Counts {
  passed: number;
  failed: number;
}

/** Of vitest's JSON report. A file that could not be loaded has no tests to count: it counts as one that failed. */
function countTests(report: string): Counts | null {
  try {
    const document = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      testResults: { status: string; assertionResults: { status: string }[] }[];
    };
    const broken = document.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
    );
    return { passed: document.numPassedTests, failed: document.numFailedTests + broken.length };
  } catch {
    return null;
  }
}

/** Processes that tests started and left behind: they carry this run's id in their environment. Linux only. */
function processesOfRun(): { pid: number; guard: boolean }[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        if (!readFileSync(`/proc/${entry}/environ`, 'utf8').includes(`CARAVEL_TEST_RUN=${testRun}`)) return [];
        const guard = readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes('caravel-guard');
        return [{ pid: Number(entry), guard }];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** Waits two seconds for them to end, then ends them. @returns those that did not end by themselves. */
async function endLeftBehind(): Promise<number[]> {
  await untilNone(2);
  const left = processesOfRun().filter(({ guard }) => !guard);
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ended meanwhile
    }
  }
  // Guards end when what they guard has ended.
  await untilNone(15);
  return left.map(({ pid }) => pid);
}

async function untilNone(seconds: number): Promise<void> {
  for (const deadline = Date.now() + seconds * 1_000; processesOfRun().length > 0 && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Tests that run together: projects of vitest.config.ts. */
interface Part {
  title: string;
  projects: string[];
}

interface PartResult extends Part, Counts {
  minutes: number;
}

const sqlServer = process.env.CARAVEL_TEST_SQLSERVER;
const given = process.argv.slice(2);
const isSoak = given[0] === '--soak';
const isSqlServer = given[0] === '--sqlserver';
const isHistories = given[0] === '--histories';
if (isHistories) process.env.CARAVEL_HISTORIES = 'yes';
if (isSqlServer && sqlServer === undefined) {
  console.error('CARAVEL_TEST_SQLSERVER is not set: it names the server, mssql://… of an administrator');
  process.exit(64);
}
const [, minutes = '60'] = given;
if (isSoak) process.env.CARAVEL_SOAK_MINUTES = minutes;
const filters = isSoak ? given.slice(2) : isSqlServer || isHistories ? given.slice(1) : given;
// A test that is named is run on both engines, however long it takes.
if (isSqlServer || filters.length > 0) process.env.CARAVEL_TEST_EVERYTHING = 'yes';
const isNamed = filters.length > 0 && !isSoak;
const withoutServices = ['unit', 'offline'];
/** One after the other: what needs no services is soon done. Tests that are named need no run of their own for it. */
const rounds: Part[][] = isSoak
  ? [[{ title: 'lost connections', projects: ['soak'] }]]
  : isHistories
    ? [[{ title: 'histories', projects: ['histories'] }]]
    : [
        ...(isNamed ? [] : [[{ title: 'without services', projects: withoutServices }]]),
        [
          ...(isSqlServer
            ? []
            : [{ title: 'PostgreSQL', projects: [...(isNamed ? withoutServices : []), 'postgres'] }]),
          ...(sqlServer === undefined ? [] : [{ title: 'SQL Server', projects: ['sqlserver'] }]),
        ],
      ];

/** Runs the tests of a part, beside those of another one. */
async function runPart(part: Part, beside?: Promise<unknown>): Promise<PartResult> {
  const report = path.join(folder, `${randomUUID()}.json`);
  const began = performance.now();
  const projects = part.projects.map((name) => `--project=${name}`);
  const options = ['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const words = [program('vitest', 'vitest.mjs'), 'run', ...projects, ...options, ...filters];
  if (!(await step(`Tests: ${part.title}`, words, beside))) failures.push(`tests (${part.title})`);
  const counts = countTests(report) ?? { passed: 0, failed: 0 };
  return { ...part, ...counts, minutes: (performance.now() - began) / 60_000 };
}

chmodSync(folder, 0o711);
const failures: string[] = [];
const results: PartResult[] = [];
try {
  if (filters.length === 0 && !isSoak && !isSqlServer && !isHistories) {
    if (!(await step('Lint', [program('@biomejs', 'biome', 'bin', 'biome'), 'check', '.']))) failures.push('lint');
    if (!(await step('Types', [program('typescript', 'bin', 'tsc'), '--noEmit']))) failures.push('types');
    const rooms = ['src', 'workflows', 'activities', '--config', '.dependency-cruiser.mjs'];
    const cruiser = program('dependency-cruiser', 'bin', 'dependency-cruise.mjs');
    if (!(await step('Imports', [cruiser, ...rooms]))) failures.push('imports');
  }
  for (const [part, ...others] of rounds) {
    // Each engine has a server of its own, and neither keeps two cores busy.
    const first = runPart(part!);
    results.push(...(await Promise.all([first, ...others.map((other) => runPart(other, first))])));
  }
  const left = await endLeftBehind();
  if (interrupted) failures.push('interrupted');
  else if (left.length > 0) failures.push(`processes left behind (${left.join(', ')}, ended now)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const sum = (of: (result: PartResult) => number) => results.reduce((total, result) => total + of(result), 0);
const [passed, failed] = [sum((result) => result.passed), sum((result) => result.failed)];
if (passed + failed === 0) failures.push('no test ran');
console.log(failures.length === 0 ? color.green('\nall well') : color.red(`\nnot well: ${failures.join(', ')}`));
for (const result of results) {
  const outcome = `${result.passed} passed and ${result.failed} failed in ${result.minutes.toFixed(1)} min`;
  console.log(`${result.title}: ${outcome}`);
}
if (sqlServer === undefined) {
  console.log('SQL Server: not run, only its statements parsed; CARAVEL_TEST_SQLSERVER=mssql://… names a server');
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(interrupted ? 130 : failures.length === 0 ? 0 : 1);
