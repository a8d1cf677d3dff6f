import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

/** The folders whose tests ask `test/support/engine.ts` for an engine: each runs on every server that is there. */
const onEveryEngine = [
  'test/{alignment,copying,planning,processes,verification,workflows,crash}/**/*.test.ts',
  'test/infra/demo*.test.ts',
];

const project = (engine: 'postgres' | 'sqlserver', include: string[]): TestProjectConfiguration => ({
  test: {
    name: engine,
    include,
    env: { CARAVEL_TEST_ENGINE: engine },
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

const sqlServerIsThere = process.env.CARAVEL_TEST_SQLSERVER !== undefined;

export default defineConfig({
  test: {
    globalSetup: ['test/support/services.ts'],
    maxWorkers: 2,
    projects: [
      project('postgres', ['test/**/*.test.ts']),
      ...(sqlServerIsThere ? [project('sqlserver', onEveryEngine)] : []),
    ],
  },
});
