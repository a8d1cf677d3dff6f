import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';
import { countQueued, readProcesses, readSubscriptions } from '../support/processes.ts';

/** In the order in which a run with one entity at a time reaches them. */
const places = [
  '(System).User/silence:before=kill',
  'Sales.Order/silence:after=kill',
  'Sales.Payment/silenceCommit:after=kill',
  '(System).Process/insert:after=kill@2',
  '(System).Process/commit:after=kill@2',
  '(System).Process/settle:after=kill',
  '(System).Activity/commit:after=kill@3',
  '(System).Activity/segment:after=kill',
  'Sales.Order/commit:after=kill@2',
  '(System).Activity_Output/insert:after=kill@2',
  '(System).Process_Input/commit:after=kill@2',
  '(System).Activity/fill:after=kill@2',
  '(System).Activity/fillCommit:after=kill@2',
  '(System).User/subscribe:before=kill',
  'Sales.Order/subscribe:after=kill',
  'Sales.Order/subscribeCommit:after=kill',
  'Sales.Payment/subscribeCommit:after=kill',
  'Sales.Payment/subscribeClose:after=kill',
];

describe('workers killed while processes are migrated', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('processes_killed', { rows: 300, orphans: false });
  }, 300_000);
  afterAll(() => migration?.cleanUp());

  it('leave every tree and every subscription there once, and nothing queued', async () => {
    const { environments, start, startWorker, differences } = migration;
    const [source, destination] = [environments.source.ownerUrl, environments.destination.ownerUrl];
    const ofProduction = (label: string) => label.includes(' production ');
    const before = await readSubscriptions(destination);
    const run = await start('killed', { batchRows: 25, concurrency: 1 });
    for (const place of places) {
      const worker = startWorker({ CARAVEL_FAILPOINTS: place });
      const ended = await Promise.race([worker.ended, run.result().then(() => 'the run ended without passing it')]);
      expect(ended, `${place}\n${worker.output()}`).toBe('SIGKILL');
    }
    startWorker();
    const result = await run.result();
    expect(result.status).toBe('completed');
    expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);
    expect(await readProcesses(destination, ofProduction)).toEqual(await readProcesses(source, ofProduction));
    const coming = (await readSubscriptions(source)).filter(
      ({ isStart, process }) => !isStart && ofProduction(process!),
    );
    const texts = (subscriptions: { text: string }[]) => subscriptions.map(({ text }) => text).sort();
    expect(texts(await readSubscriptions(destination))).toEqual(texts([...before, ...coming]));
    expect(await countQueued(destination)).toBe(0);
    expect(await differences()).toEqual([]);
  }, 600_000);
});
