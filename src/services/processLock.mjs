import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

// Plain JavaScript: infra/bootstrap.mjs needs it before anything is installed. Types are in processLock.d.mts.

const writingTakesAtMost = 5_000;

export function startOf(pid) {
  try {
    if (process.platform !== 'linux') {
      const env = { ...process.env, LC_ALL: 'C' };
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env }).trim() || null;
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return null;
    return `${fields[18]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
  } catch {
    return null;
  }
}

export function processRecord(pid) {
  return { pid, start: startOf(pid) };
}

export function isRunning(record) {
  return record.start !== null && startOf(record.pid) === record.start;
}

export function lockHolder(file) {
  const found = read(file);
  return found?.record && isRunning(found.record) ? found.record.pid : null;
}

export function acquireLock(file) {
  const own = JSON.stringify(processRecord(process.pid));
  for (;;) {
    try {
      writeFileSync(file, own, { flag: 'wx', mode: 0o600 });
      return () => {
        if (read(file)?.text === own) rmSync(file, { force: true });
      };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const found = read(file);
    if (found === null) continue;
    if (found.record === null ? found.age < writingTakesAtMost : isRunning(found.record)) return null;
    takeAway(file, found.text);
  }
}

export async function waitForLock(file, whenWaiting = () => {}) {
  for (let waited = false; ; waited = true) {
    const release = acquireLock(file);
    if (release) return release;
    if (!waited) whenWaiting(lockHolder(file));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Two processes may both have seen the dead one's lock: the slower must not remove what the faster wrote since. */
function takeAway(file, text) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  if (read(aside)?.text !== text) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

function read(file) {
  try {
    const text = readFileSync(file, 'utf8');
    const age = Date.now() - statSync(file).mtimeMs;
    try {
      return { text, age, record: JSON.parse(text) };
    } catch {
      return { text, age, record: null };
    }
  } catch {
    return null;
  }
}
