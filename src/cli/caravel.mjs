#!/usr/bin/env node
// The package's bin: makes Node understand TypeScript, then hands over to main.ts.
import { spawn } from 'node:child_process';
import nodeModule from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

// Standard error holds the program's own lines: what Node and libraries warn of (deprecations, experiments) is for
// developers.
if (!process.argv.includes('--verbose')) process.removeAllListeners('warning');

if (typeof nodeModule.register === 'function') {
  const { register } = await import('tsx/esm/api');
  // The project needs no tsconfig to run, and must not pick up one of the folder it is called from.
  register({ tsconfig: false });
  await import('./main.ts');
} else {
  // Node before 20.6 takes a loader only on its command line.
  const loader = pathToFileURL(nodeModule.createRequire(import.meta.url).resolve('tsx')).href;
  const main = fileURLToPath(new URL('main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', '--loader', loader, main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  // A terminal sends Ctrl-C to both.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code)));
}
