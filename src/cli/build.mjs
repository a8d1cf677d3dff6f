import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// Plain JavaScript: it makes what runs without a loader, dist/, from the TypeScript of src, workflows and activities.

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = path.join(root, 'dist');
const sources = ['src', 'workflows', 'activities'];

/** The built program; its chunks lie beside it. */
export const builtProgram = path.join(dist, 'main.js');

/** Hundreds of small files, of which a process would read each. */
const bundled = ['zod'];

/** Chunks are named by their content. A process that still runs may load an old one until it is a day old. */
const oldChunkMs = 24 * 3_600_000;

/** @returns 'fresh', 'missing', or 'stale' when a source, or a folder of sources, was changed after the build. */
export function stateOfBuild() {
  if (!existsSync(builtProgram)) return 'missing';
  const built = statSync(builtProgram).mtimeMs;
  const places = [path.join(root, 'package-lock.json'), ...sources.flatMap((folder) => below(path.join(root, folder)))];
  return places.some((place) => existsSync(place) && statSync(place).mtimeMs > built) ? 'stale' : 'fresh';
}

/** A folder, what is in it and in its folders; nothing when it is not there. */
function below(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return [
    folder,
    ...entries.flatMap((entry) => {
      const place = path.join(folder, entry.name);
      return entry.isDirectory() ? below(place) : [place];
    }),
  ];
}

/**
 * Builds dist/. Several processes may do so at the same time, and others may run what was there before.
 * @throws what esbuild says; ERR_MODULE_NOT_FOUND where developers' packages are not installed.
 */
export async function build() {
  const { build: bundle } = await import('esbuild');
  // What changes while it is read makes the build stale.
  const began = new Date();
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: [{ in: path.join(root, 'src/cli/main.ts'), out: 'main' }],
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: packagesOutside(),
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    keepNames: true,
    logLevel: 'silent',
    write: false,
  });
  mkdirSync(path.join(dist, 'chunks'), { recursive: true });
  // The program comes last: whoever finds it finds its chunks.
  for (const { path: place, contents } of outputFiles.sort((one, other) => rank(one.path) - rank(other.path))) {
    const unfinished = `${place}.${process.pid}`;
    writeFileSync(unfinished, contents);
    renameSync(unfinished, place);
  }
  removeOldChunks(new Set(outputFiles.map(({ path: place }) => place)), began.getTime() - oldChunkMs);
  utimesSync(builtProgram, began, began);
}

/**
 * Packages that are loaded from node_modules: all but those that load several times faster as a part of the program.
 */
function packagesOutside() {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.keys(dependencies).filter((name) => !bundled.includes(name));
}

const rank = (place) => (place === builtProgram ? 1 : 0);

function removeOldChunks(current, before) {
  for (const name of readdirSync(path.join(dist, 'chunks'))) {
    const place = path.join(dist, 'chunks', name);
    if (!current.has(place) && statSync(place).mtimeMs < before) rmSync(place, { force: true });
  }
}

// npm run build
if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
