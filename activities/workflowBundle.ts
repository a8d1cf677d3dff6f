import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { cacheDirectory } from '../src/services/home.ts';

/** The project's folder, whether this runs from its sources or from dist/. */
const project = path.dirname(createRequire(import.meta.url).resolve('#package'));

/**
 * Path of the bundled workflow code, built when the sources or the SDK changed. Bundling takes seconds and hundreds of
 * megabytes, which a worker that is restarted in the night should not need.
 */
export async function workflowBundle(): Promise<string> {
  const folder = path.join(cacheDirectory(), 'workflows');
  const file = path.join(folder, `${sourceHash()}.js`);
  if (existsSync(file)) return file;
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(project, 'workflows', 'index.ts'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.error, error: console.error },
  });
  mkdirSync(folder, { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, file);
  return file;
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const folder = path.join(project, 'workflows');
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.ts')) hash.update(name).update(readFileSync(path.join(folder, name)));
  }
  return hash
    .update(readFileSync(path.join(project, 'package-lock.json')))
    .digest('hex')
    .slice(0, 32);
}
