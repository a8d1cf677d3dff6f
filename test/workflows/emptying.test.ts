import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationTable } from '../../infra/demo/schema/applicationTables.ts';
import { quality } from '../../infra/demo/schema/environments.ts';
import { storedEntities } from '../../infra/demo/schema/factory.ts';
import { progress } from '../../workflows/messages.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { rowsOf } from '../support/plainSql.ts';
import { countQueued, readProcesses, readSubscriptions } from '../support/processes.ts';
import { until } from '../support/until.ts';

let migration: MigrationTest;
beforeAll(async () => {
  migration = await createMigrationTest('emptying', { rows: 300, orphans: false });
  migration.startWorker();
}, 300_000);
afterAll(() => migration?.cleanUp());

/** Content of every table outside the scope, the journal's side effects on people left out. */
async function outside(url: string): Promise<Record<string, unknown[]>> {
  const others = storedEntities
    .filter(({ espace }) => espace === 'FleetCare' || espace === 'ProductCatalog_Copy')
    .map((described) => applicationTable(quality, described).name);
  const found: Record<string, unknown[]> = {};
  for (const table of [...others, 'OSSYS_TENANT', 'OSSYS_ROLE', 'OSSYS_ENTITY_RECORD', 'IMPORT_2019']) {
    found[table] = await rowsOf(url, `SELECT * FROM "${table}" ORDER BY 1`);
  }
  return found;
}

/** Rows of tables of an environment, by the names given to them. */
async function countRows<Name extends string>(
  url: string,
  tables: Record<Name, string>,
): Promise<Record<Name, number>> {
  const counts = Object.entries(tables).map(([name, table]) => `(SELECT count(*) FROM "${table}") AS "${name}"`);
  const [row] = await rowsOf(url, `SELECT ${counts.join(', ')}`);
  return Object.fromEntries(Object.entries(row!).map(([name, count]) => [name, Number(count)])) as Record<Name, number>;
}

const counts = (url: string) =>
  countRows(url, {
    orders: 'OSUSR_k4w_Order1',
    lines: 'OSUSR_k4w_OrderLine',
    processes: 'OSSYS_BPM_PROCESS',
    outputs: 'OSSYS_BPM_ACTIVITY_OUTPUT',
  });

const idOfOrder = async (url: string, which: 'min' | 'max') => {
  const [row] = await rowsOf(url, `SELECT ${which}("ID") AS "id" FROM "OSUSR_k4w_Order1"`);
  return BigInt(row!.id!);
};

describe('a run that empties the destination first', () => {
  it('leaves there exactly what the source has, spares everything else, and gives no dead subscription back', async () => {
    const { source, destination } = migration.environments;
    const before = await outside(destination.ownerUrl);
    const starts = (await readSubscriptions(destination.ownerUrl)).filter(({ isStart }) => isStart);
    const own = await counts(destination.ownerUrl);
    expect(own.orders).toBeGreaterThan(0);
    expect(own.processes).toBeGreaterThan(0);

    const result = await (await migration.start('emptied', { destinationData: 'delete' })).result();
    expect(result.status).toBe('completed');
    expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
    const expected = await countRows(source.ownerUrl, { orders: 'OSUSR_a1b_Order', lines: 'OSUSR_a1b_OrderLine' });
    expect(await counts(destination.ownerUrl)).toMatchObject(expected);
    const all = () => true;
    expect(await readProcesses(destination.ownerUrl, all)).toEqual(
      await readProcesses(source.ownerUrl, (label) => label.includes(' production ')),
    );
    expect(await outside(destination.ownerUrl)).toEqual(before);
    const subscriptions = await readSubscriptions(destination.ownerUrl);
    const texts = (some: { text: string }[]) => some.map(({ text }) => text).sort();
    expect(texts(subscriptions.filter(({ isStart }) => isStart))).toEqual(texts(starts));
    const coming = (await readSubscriptions(source.ownerUrl)).filter(
      ({ isStart, process }) => !isStart && process!.includes(' production '),
    );
    expect(texts(subscriptions.filter(({ isStart }) => !isStart))).toEqual(texts(coming));
    expect(await countQueued(destination.ownerUrl)).toBe(0);
    expect((await migration.caravel('verify', 'emptied')).code).toBe(0);
  }, 300_000);

  it('drops the maps of what it empties: run again, every row is there once, under new ids', async () => {
    const { destination } = migration.environments;
    const before = await counts(destination.ownerUrl);
    const largest = await idOfOrder(destination.ownerUrl, 'max');
    const subscriptions = await readSubscriptions(destination.ownerUrl);
    const result = await (await migration.start('again', { destinationData: 'delete' })).result();
    expect(result.status).toBe('completed');
    expect(await counts(destination.ownerUrl)).toEqual(before);
    expect(await idOfOrder(destination.ownerUrl, 'min')).toBeGreaterThan(largest);
    const texts = (some: { text: string }[]) => some.map(({ text }) => text).sort();
    expect(texts(await readSubscriptions(destination.ownerUrl))).toEqual(texts(subscriptions));
    expect((await migration.caravel('verify', 'again')).code).toBe(0);
    // What a run without deletion finds is known.
    const kept = await (await migration.start('kept')).result();
    expect(kept.entities.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(0);
  }, 600_000);
});

describe('an operator, while the destination is emptied,', () => {
  const spec = { destinationData: 'delete', batchRows: 3 } as const;
  const statusOf = async (id: string) => JSON.parse((await migration.caravel('status', id, '--json')).stdout);

  it('pauses it and lets it go on', async () => {
    const { destination } = migration.environments;
    const handle = await migration.start('paused', spec);
    await until('it empties', async () => (await handle.query(progress)).phase === 'emptying');
    await migration.caravel('pause', 'paused');
    await until('it is paused', async () => (await statusOf('paused')).status === 'paused');
    const held = await settled(() => counts(destination.ownerUrl));
    expect(held.lines + held.outputs).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await counts(destination.ownerUrl)).toEqual(held);
    expect((await statusOf('paused')).phase).toBe('emptying');
    await migration.caravel('resume', 'paused');
    expect((await handle.result()).status).toBe('completed');
  }, 600_000);

  it('cancels it: what is gone is gone, nothing comes twice, and the next one finishes the work', async () => {
    const { destination } = migration.environments;
    const starts = async () => (await readSubscriptions(destination.ownerUrl)).filter(({ isStart }) => isStart);
    const before = await starts();
    const handle = await migration.start('cancelled', spec);
    await until('it empties', async () => (await handle.query(progress)).phase === 'emptying');
    await until('something is gone', async () => (await counts(destination.ownerUrl)).outputs < 200);
    await migration.caravel('cancel', 'cancelled');
    await handle.result().catch(() => undefined);
    expect((await statusOf('cancelled')).status).toBe('cancelled');
    expect((await starts()).map(({ text }) => text).sort()).toEqual(before.map(({ text }) => text).sort());
    const keeping = await (await migration.start('keeping')).result().catch((error: unknown) => error);
    // Whichever comes first: rows that earlier runs brought are gone, or references may have been emptied.
    expect((keeping as { cause: { message: string } }).cause.message).toMatch(/no longer in|did not finish/);
    expect((await (await migration.start('finishing', { destinationData: 'delete' })).result()).status).toBe(
      'completed',
    );
    const verified = await migration.caravel('verify', 'finishing');
    expect(verified.code, verified.stdout).toBe(0);
  }, 600_000);
});

/** What something is once it has stopped changing. */
async function settled<T>(ask: () => Promise<T>): Promise<T> {
  for (let last = await ask(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = await ask();
    if (JSON.stringify(now) === JSON.stringify(last)) return now;
    last = now;
  }
}
