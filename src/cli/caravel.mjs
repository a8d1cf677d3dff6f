#!/usr/bin/env node
// The package's bin: runs what was built from the sources, and builds it where that has not been done.
import { setSourceMapsEnabled } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build, builtProgram, stateOfBuild } from './build.mjs';

const verbose = process.argv.includes('--verbose');
// Standard error holds the program's own lines: what Node and libraries warn of (deprecations, experiments) is for
// developers.
if (!verbose) process.removeAllListeners('warning');

const state = stateOfBuild();
if (state !== 'fresh') {
  try {
    await build();
    if (state === 'stale' && verbose) console.error('caravel: dist/ was older than its sources; it was built anew');
  } catch (error) {
    const why = error.code === 'ERR_MODULE_NOT_FOUND' ? 'esbuild is not installed' : error.message.split('\n')[0];
    console.error(`caravel: dist/ is ${state} and cannot be built (${why}); run npm ci and npm run build`);
    if (state === 'missing') process.exit(70);
  }
}
if (verbose) setSourceMapsEnabled(true);
await import(pathToFileURL(builtProgram).href);
