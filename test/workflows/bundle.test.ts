import { build } from 'esbuild';
import { expect, it } from 'vitest';

// A worker keeps the bundle of workflows under a name that is made of the workflows' own sources
// (activities/workflowBundle.ts): a value from elsewhere would be served stale. Types are no part of it.
it('workflows take no values from below, so that nothing else is part of their bundle', async () => {
  const { metafile } = await build({
    entryPoints: ['workflows/index.ts'],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
  });
  const bundled = Object.entries(metafile.inputs).filter(([, { bytes }]) => bytes > 0);
  expect(bundled.map(([file]) => file).filter((file) => !file.startsWith('workflows/'))).toEqual([]);
  expect(bundled.length).toBeGreaterThan(4);
});
