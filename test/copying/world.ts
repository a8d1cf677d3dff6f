import { migrationSpec } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { acquireLease } from '../../src/journal/lease.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { createProgress } from '../../src/journal/progress.ts';
import { RunJournal } from '../../src/journal/runJournal.ts';
import { createRun } from '../../src/journal/runs.ts';
import type { WrittenEntity } from '../../src/plan/plan.ts';
import type { CopyContext } from '../../src/writing/context.ts';
import { createDatabases, dropDatabases } from '../support/databases.ts';
import { openPlain, type PlainConnection } from '../support/plainSql.ts';

/**
 * A source, a destination and a journal, each a database of its own, without any OutSystems in them: plans are made by
 * hand.
 */
export interface World {
  journal: Database;
  /** Connections as applications have them. */
  source: PlainConnection;
  destination: PlainConnection;
  /** Begins a run over these entities. */
  begin(run: string, entities: WrittenEntity[], change?: Partial<CopyContext>): Promise<CopyContext>;
  close(): Promise<void>;
}

export async function createWorld(name: string, tables: string): Promise<World> {
  const names = [`${name}_source`, `${name}_destination`, `${name}_journal`] as const;
  const [sourceUrl, destinationUrl, journalUrl] = await createDatabases(...names);
  const plain = { source: await openPlain(sourceUrl), destination: await openPlain(destinationUrl) };
  for (const side of Object.values(plain)) await side.run(tables);
  const source = connect({ name: 'production', url: sourceUrl, readOnly: true, pool: 4 });
  const destination = connect({ name: 'quality', url: destinationUrl, readOnly: false, pool: 8 });
  const journal = connect({ name: 'journal', url: journalUrl, readOnly: false, pool: 8 });
  await migrateJournal(journal);

  return {
    journal,
    ...plain,
    async begin(run, entities, change = {}) {
      const spec = migrationSpec.parse({ source: 'production', destination: 'quality', scope: { all: true } });
      const { pairId } = await createRun(journal, run, { execution: run, spec });
      const lease = await acquireLease(journal, 'quality', run, async () => 'closed');
      await createProgress(journal, run, entities);
      const plan = { source: 'production', destination: 'quality', entities, blocking: [], warnings: [] };
      return {
        source,
        destination,
        journal: new RunJournal(journal, { lease, pairId }),
        plan,
        batch: { rows: 10, bytes: 1 << 20 },
        conflicts: 'fail',
        rowErrors: 'fail',
        ...change,
      };
    },
    async close() {
      await Promise.all([source, destination, journal].map((database) => database.close()));
      await Promise.all(Object.values(plain).map((side) => side.end()));
      await dropDatabases(...names);
    },
  };
}
