import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';

/** Places just before and just after each step takes effect, the `pass`-th time the entity comes by. */
const aroundEach = (entity: string, steps: string[], pass = 1) =>
  steps.flatMap((step) => ['before', 'after'].map((side) => `${entity}/${step}:${side}=kill@${pass}`));

/**
 * In the order in which a run with one entity at a time reaches them: a worker lives until its place comes, is killed
 * (SIGKILL), and the next one lives until the next place. Batches are small: a killed batch is done again or settled,
 * and the next place must still come by in a later one.
 */
const places = {
  'identifiers that are references': aroundEach('CustomerCore.CustomerCredit', [
    'intent',
    'insert',
    'commit',
    'segment',
  ]),
  // One batch, all or nothing: after its commit it is settled and passes no further place.
  'rows without identifiers': aroundEach('ProductCatalog.PriceListItem', [
    'stage',
    'intent',
    'insert',
    'commit',
    'settle',
  ]),
  'minted identifiers': [
    ...aroundEach('Sales.OrderLine', ['lock', 'stage', 'intent', 'insert', 'commit'], 2),
    ...aroundEach('Sales.OrderLine', ['settle']),
    ...aroundEach('Sales.OrderLine', ['segment'], 2),
  ],
  'deferred references': aroundEach('Sales.CustomerNote', ['fill', 'fillCommit', 'fillClose']),
};

describe('workers killed at every step of the protocol', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('kill', { rows: 800 });
  });
  afterAll(() => migration?.cleanUp());

  it('leave every row in the destination exactly once, with every reference right', async () => {
    const run = await migration.start('killed', { batchRows: 4, concurrency: 1 });
    for (const place of Object.values(places).flat()) {
      const worker = migration.startWorker({ CARAVEL_FAILPOINTS: place });
      const ended = await Promise.race([worker.ended, run.result().then(() => 'the run ended without passing it')]);
      expect(ended, `${place}\n${worker.output()}`).toBe('SIGKILL');
    }
    migration.startWorker();
    const result = await run.result();
    expect(result.status).toBe('completed');
    expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
    expect(await migration.differences()).toEqual([]);
  }, 900_000);
});
