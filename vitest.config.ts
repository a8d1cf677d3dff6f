import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The folders whose tests ask `test/support/engine.ts` for an engine: each runs on every server that is there. */
const onEveryEngine = [
  'test/{alignment,copying,outsystems,planning,processes,verification,workflows,crash}/**/*.test.ts',
  'test/infra/demo*.test.ts',
];

/** What needs no service and is answered at once: `npm run test:unit` runs nothing else. */
const unit = [
  'test/docs.test.ts',
  'test/{config,identity,writing}/*.test.ts',
  'test/alignment/collation.test.ts',
  'test/cli/rateMeter.test.ts',
  'test/copying/{reconcile,translator}.test.ts',
  'test/database/{readAhead,postgresErrors,sqlserverAddress,sqlserverCells,sqlserverErrors}.test.ts',
  'test/{plan,wording}/*.test.ts',
  'test/services/temporalBuildProgress.test.ts',
  'test/planning/{order/graph,emptying/deletionOrder,preflight/environments}.test.ts',
  'test/processes/{exclusions,subscriptions}.test.ts',
  'test/workflows/bundle.test.ts',
];

/** What needs no service either, and takes longer: properties, the grammar of T-SQL, programs that are started. */
const offline = [
  'test/**/*Properties.test.ts',
  'test/cli/{files,schema,usage,warnings}.test.ts',
  'test/database/{sql,sqlserverStatements}.test.ts',
  'test/model/*.test.ts',
  'test/workflows/replay.test.ts',
  'test/services/{home,temporalProgram}.test.ts',
];

/**
 * What takes longest on a T-SQL server, beside a test of the same subject that stays: `npm run test:sqlserver` runs these
 * too, an hour in all on two cores, and `npm test` with the name of a test.
 */
const longOnes = [
  'test/workflows/{destination,emptying,processes,retry}.test.ts',
  'test/crash/{people,steering,zombie}.test.ts',
  'test/infra/demoComparison.test.ts',
];
/** They begin first, so that short ones fill the time beside them: those that wait beside those that compute. */
const longestFirst = [
  ...['crash/kill', 'workflows/processes', 'crash/people', 'workflows/emptying', 'crash/emptying', 'workflows/people'],
  ...['crash/processes', 'workflows/retry', 'crash/zombie', 'workflows/destination', 'planning/planMigration'],
  ...['crash/outage', 'copying/copyEntity', 'cli/worker', 'crash/steering', 'cli/files', 'database/postgres'],
];
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longestFirst.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found < 0 ? longestFirst.length : found;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}

const everything = process.env.CARAVEL_TEST_EVERYTHING !== undefined;

/** What talks to SQL Server alone. */
const sqlServerAlone = ['test/database/sqlserver{,Only}.test.ts'];
const sqlServerIsThere = process.env.CARAVEL_TEST_SQLSERVER !== undefined;
/** `npm run soak`. */
const isSoak = process.env.CARAVEL_SOAK_MINUTES !== undefined;
const soak = ['test/soak/**/*.test.ts'];
/** `npm run histories`. */
const isHistories = process.env.CARAVEL_HISTORIES !== undefined;
const histories = ['test/histories/*.test.ts'];

interface Part {
  name: 'postgres' | 'sqlserver' | 'soak' | 'histories';
  include: string[];
  exclude: string[];
  /** Files at the same time. */
  maxWorkers: number;
}

/** Tests of an engine: a PostgreSQL and a Temporal server are started for them. */
const project = ({ name, include, exclude, maxWorkers }: Part): TestProjectConfiguration => ({
  test: {
    name,
    include,
    exclude: [...unit, ...offline, ...exclude],
    maxWorkers,
    globalSetup: ['test/support/services.ts'],
    // For `vitest` by itself, which asks for it where projects differ in workers; `npm test` runs each on its own.
    sequence: { groupOrder: name === 'sqlserver' ? 2 : 1 },
    env: { CARAVEL_TEST_ENGINE: name },
    pool: 'forks',
    // A T-SQL server looks into its catalog far more slowly.
    testTimeout: name === 'sqlserver' ? 240_000 : 60_000,
    hookTimeout: 240_000,
  },
});

const onPostgres: Part = {
  name: 'postgres',
  include: ['test/**/*.test.ts'],
  exclude: [...soak, ...histories, ...sqlServerAlone],
  // Many files wait for a worker to be taken for dead. Beside SQL Server's, two keep both cores busy.
  maxWorkers: sqlServerIsThere ? 2 : 3,
};
/** One file at a time: the stand-in's catalog views stumble over tables that go meanwhile, in any database. */
const onSqlServer: Part = {
  name: 'sqlserver',
  include: [...onEveryEngine, ...sqlServerAlone],
  exclude: everything ? [] : longOnes,
  maxWorkers: 1,
};

/** Without services. What takes a second has modules that several files share, and remembers how they were translated. */
const unitProject: TestProjectConfiguration = {
  test: {
    name: 'unit',
    include: unit,
    exclude: offline,
    pool: 'threads',
    isolate: false,
    maxWorkers: 2,
    experimental: { fsModuleCache: true },
  },
};
const offlineProject: TestProjectConfiguration = {
  test: { name: 'offline', include: offline, pool: 'forks', maxWorkers: 2, testTimeout: 60_000 },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: isSoak
      ? [project({ name: 'soak', include: soak, exclude: [], maxWorkers: 1 })]
      : isHistories
        ? [project({ name: 'histories', include: histories, exclude: [], maxWorkers: 1 })]
        : [unitProject, offlineProject, ...[onPostgres, ...(sqlServerIsThere ? [onSqlServer] : [])].map(project)],
  },
});
