import type { Database } from '../../src/database/port.ts';
import { bytes } from '../../src/database/shape.ts';
import { sql } from '../../src/database/sql.ts';
import type { BenchEngine, BenchSide, Measured } from './engine.ts';
import { buildBenchDatabase } from './environment.ts';
import { secondsOf, withBenchWorker } from './worker.ts';

/** Rows and seconds are those of the orders alone, as the journal saw them. */
export interface MeasuredMigration extends Measured {
  /** Seconds of the whole run. */
  total: number;
  /** Of the worker process, resident. */
  peakMegabytes: number;
  /** Id map of the orders, bytes a row. */
  mapBytes: number;
  /** Growth of the journal's database, bytes for each row of all entities. */
  journalBytes: number;
  events: { run: number; entity: number };
  /** Users and grants that were created, and how long aligning them took. */
  people: { inserted: number; seconds: number };
}

/** One whole run by a worker process of its own, with the journal beside the environments. */
export async function measureMigration(options: {
  engine: BenchEngine;
  temporal: string;
  folder: string;
  run: string;
  source: string;
  destination: BenchSide;
}): Promise<MeasuredMigration> {
  const { engine, temporal, folder, run, source } = options;
  const journalUrl = await engine.recreateDatabase(`journal_${run}`);
  const journalBefore = await engine.databaseSize(journalUrl);
  const destination = await buildBenchDatabase(engine, `destination_${run}`, options.destination);
  const place = { temporal, folder, name: run, source, destination, journal: journalUrl };
  return withBenchWorker(place, async ({ client, journal, migrate, peakMegabytes }) => {
    const { handle, result, seconds: total } = await migrate(run);
    const order = result.entities.find(({ entity }) => entity === 'Order')!;
    if (!order.verified) throw new Error('the migrated orders were not verified');
    const inserted = result.entities.reduce((sum, entity) => sum + entity.inserted, 0);
    const people = result.entities.filter(({ espace }) => espace === '(System)');
    const peopleKeys = people.map(({ key }) => key);
    return {
      rows: order.inserted,
      seconds: await secondsOf(journal, run, [order.key]),
      people: {
        inserted: people.reduce((sum, entity) => sum + entity.inserted, 0),
        seconds: await secondsOf(journal, run, peopleKeys),
      },
      total,
      peakMegabytes: peakMegabytes(),
      mapBytes: (await mapBytes(journal, order.key)) / order.inserted,
      journalBytes: ((await engine.databaseSize(journalUrl)) - journalBefore) / inserted,
      events: {
        run: (await handle.describe()).historyLength,
        entity: (await client.workflow.getHandle(`${run}/Bench.Order`).describe()).historyLength,
      },
    };
  });
}

async function mapBytes(journal: Database, entity: string): Promise<number> {
  const statement = sql`select content from caravel_segment where entity = ${entity}`;
  const segments = await journal.query(statement, { content: bytes });
  return segments.reduce((sum, { content }) => sum + content.length, 0);
}
