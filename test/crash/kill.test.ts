import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';

/** Places of an entity, where a worker is killed the `pass`-th time it comes by. */
const places = (entity: string, places: string[], pass = 1) => places.map((place) => `${entity}/${place}=kill@${pass}`);

/**
 * In the order in which a run with one entity at a time reaches them: a worker lives until its place comes, is killed
 * (SIGKILL), and the next one lives until the next place. Just before and just after each step takes effect; where
 * nothing lies between the end of one step and the beginning of the next, the two are one place. Batches are small: a
 * killed batch is done again or settled, and the next place must still come by in a later one.
 */
const killed = [
  // Identifiers that are references.
  ...places('CustomerCore.CustomerCredit', [
    'intent:before',
    'intent:after',
    'insert:after',
    'commit:after',
    'segment:after',
  ]),
  // Rows without identifiers: one batch, all or nothing; after its commit it is settled and passes no further place.
  ...places('ProductCatalog.PriceListItem', [
    'stage:before',
    'stage:after',
    'intent:before',
    'intent:after',
    'insert:after',
    'commit:after',
    'settle:before',
    'settle:after',
  ]),
  // Minted identifiers.
  ...places(
    'Sales.OrderLine',
    ['lock:before', 'lock:after', 'stage:before', 'stage:after', 'intent:before', 'intent:after', 'insert:after'],
    2,
  ),
  ...places('Sales.OrderLine', ['commit:after'], 2),
  ...places('Sales.OrderLine', ['settle:before', 'settle:after']),
  ...places('Sales.OrderLine', ['segment:after'], 2),
  // Deferred references.
  ...places('Sales.CustomerNote', ['fill:before', 'fill:after', 'fillCommit:after', 'fillClose:after']),
];

describe('workers killed at every step of the protocol', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('kill', { rows: 300 });
  });
  afterAll(() => migration?.cleanUp());

  it('leave every row in the destination exactly once, with every reference right', async () => {
    const run = await migration.start('killed', { batchRows: 4, concurrency: 1 });
    for (const place of killed) {
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
