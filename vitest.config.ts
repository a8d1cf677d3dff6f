import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

/** The folders whose tests ask `test/support/engine.ts` for an engine: each runs on every server that is there. */
const onEveryEngine = [
  'test/{alignment,copying,outsystems,planning,processes,verification,workflows,crash}/**/*.test.ts',
  'test/infra/demo*.test.ts',
];

/** Those among them that open no database: once is enough. */
const withoutDatabase = [
  'test/alignment/collation.test.ts',
  'test/copying/{batchSize,reconcile,translator}.test.ts',
  'test/planning/{graph,emptying/deletionOrder,preflight/environments}.test.ts',
  'test/processes/{exclusions,subscriptions}.test.ts',
];

const project = (
  name: 'postgres' | 'sqlserver' | 'soak',
  include: string[],
  exclude: string[] = [],
): TestProjectConfiguration => ({
  test: {
    name,
    include,
    exclude,
    env: { CARAVEL_TEST_ENGINE: name },
    pool: 'forks',
    // The T-SQL server of this machine looks into its catalog far more slowly.
    testTimeout: name === 'sqlserver' ? 240_000 : 60_000,
    hookTimeout: 240_000,
  },
});

const sqlServerIsThere = process.env.CARAVEL_TEST_SQLSERVER !== undefined;
/** `npm run soak`. */
const isSoak = process.env.CARAVEL_SOAK_MINUTES !== undefined;
const soak = ['test/soak/**/*.test.ts'];

export default defineConfig({
  test: {
    globalSetup: ['test/support/services.ts'],
    maxWorkers: 2,
    projects: isSoak
      ? [project('soak', soak)]
      : [
          project('postgres', ['test/**/*.test.ts'], soak),
          ...(sqlServerIsThere ? [project('sqlserver', onEveryEngine, withoutDatabase)] : []),
        ],
  },
});
