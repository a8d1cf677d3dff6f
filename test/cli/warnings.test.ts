import { afterAll, describe, expect, it } from 'vitest';
import { createWorkplace } from './command.ts';

const workplace = createWorkplace();
afterAll(() => workplace.remove());

/**
 * Raises what Node and libraries raise while a command is at work: a deprecation and an experimental feature. Without
 * --verbose as soon as the command has told Node not to print them.
 */
const preloaded = `
const warn = () => {
  process.emitWarning('this is old', 'DeprecationWarning', 'DEP0123');
  process.emitWarning('this is new', 'ExperimentalWarning');
};
const begin = (event) => {
  if (event === 'warning') setImmediate(warn);
};
if (require('node:worker_threads').isMainThread) {
  if (process.argv.includes('--verbose')) setImmediate(warn);
  else process.on('removeListener', begin);
}`;

describe('warnings of Node and of libraries', () => {
  it('are not on standard error, unless --verbose asks for them', async () => {
    const file = workplace.write('preloaded.cjs', preloaded);
    workplace.variables.NODE_OPTIONS = `--require ${workplace.folder}/${file}`;
    const silent = await workplace.caravel('plan', 'there-is-none.json');
    expect(silent.stderr).toMatch(/^caravel: .*\n$/);
    expect(silent.code).toBe(64);
    const verbose = await workplace.caravel('--verbose', 'plan', 'there-is-none.json');
    expect(verbose.stderr).toContain('[DEP0123] DeprecationWarning: this is old');
  });

  it.runIf(process.env.CARAVEL_TEST_SQLSERVER !== undefined)(
    'are not there either when a SQL Server is named by its address',
    async () => {
      delete workplace.variables.NODE_OPTIONS;
      const url = Object.assign(new URL(process.env.CARAVEL_TEST_SQLSERVER!), { pathname: '/there_is_none' });
      expect(url.hostname).toMatch(/^[\d.]+$/);
      const environment = { url: url.href };
      workplace.write('caravel.json', { environments: { production: environment, quality: environment } });
      workplace.write('spec.json', { source: 'production', destination: 'quality', scope: { all: true } });
      const { stderr, code } = await workplace.caravel('plan', 'spec.json');
      expect(stderr).toMatch(/^caravel: .*\n$/);
      expect(code).not.toBe(0);
    },
  );
});
