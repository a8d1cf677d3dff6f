import { onDatabase } from '../../infra/services/onDatabase.ts';
import { migrationSpec } from '../../src/config/migrationSpec.ts';
import type { CopyContext, CopyControl } from '../../src/copying/context.ts';
import type { Database } from '../../src/database/port.ts';
import { connectPostgres } from '../../src/database/postgres/connect.ts';
import { acquireLease } from '../../src/journal/lease.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { createProgress } from '../../src/journal/progress.ts';
import { createRun } from '../../src/journal/runs.ts';
import type { PlannedColumn, PlannedEntity, PlannedReference } from '../../src/planning/plan.ts';

const serverUrl = () => process.env.CARAVEL_TEST_POSTGRES!;

/** A source, a destination and a journal, each a database of its own, without any OutSystems in them: plans are made by hand. */
export interface World {
  journal: Database;
  source(statement: string): Promise<unknown[][]>;
  destination(statement: string): Promise<unknown[][]>;
  /** Begins a run over these entities. */
  begin(run: string, entities: PlannedEntity[], change?: Partial<CopyContext>): Promise<CopyContext>;
  close(): Promise<void>;
}

export async function createWorld(name: string, tables: string): Promise<World> {
  const names = ['source', 'destination', 'journal'].map((part) => `${name}_${part}`);
  const urlOf = (database: string) => Object.assign(new URL(serverUrl()), { pathname: `/${database}` }).href;
  await onDatabase(serverUrl(), async (client) => {
    for (const database of names) {
      await client.query(`drop database if exists "${database}" with (force)`);
      await client.query(`create database "${database}"`);
    }
  });
  const [sourceUrl, destinationUrl, journalUrl] = names.map(urlOf) as [string, string, string];
  for (const url of [sourceUrl, destinationUrl]) await onDatabase(url, (client) => client.query(tables));
  const source = connectPostgres({ name: 'production', url: sourceUrl, readOnly: true, pool: 4 });
  const destination = connectPostgres({ name: 'quality', url: destinationUrl, readOnly: false, pool: 8 });
  const journal = connectPostgres({ name: 'journal', url: journalUrl, readOnly: false, pool: 8 });
  await migrateJournal(journal);
  const ask = (url: string) => (statement: string) =>
    onDatabase(url, async (client) => (await client.query({ text: statement, rowMode: 'array' })).rows as unknown[][]);

  return {
    journal,
    source: ask(sourceUrl),
    destination: ask(destinationUrl),
    async begin(run, entities, change = {}) {
      const spec = migrationSpec.parse({ source: 'production', destination: 'quality', scope: { all: true } });
      const { pairId } = await createRun(journal, run, run, spec);
      const lease = await acquireLease(journal, 'quality', run, async () => 'closed');
      await createProgress(journal, run, entities);
      const plan = { source: 'production', destination: 'quality', entities, blocking: [], warnings: [] };
      return {
        source,
        destination,
        journal,
        lease,
        pairId,
        runId: run,
        plan,
        batch: { rows: 10, bytes: 1 << 20 },
        conflicts: 'fail',
        rowErrors: 'fail',
        ...change,
      };
    },
    async close() {
      await Promise.all([source.close(), destination.close(), journal.close()]);
      await onDatabase(serverUrl(), async (client) => {
        for (const database of names) await client.query(`drop database if exists "${database}" with (force)`);
      });
    },
  };
}

export function control(): CopyControl {
  return { signal: new AbortController().signal, deadline: Number.POSITIVE_INFINITY, onBatch() {}, onWaiting() {} };
}

/** A planned entity over a table of the same name on both sides. */
export function entity(
  table: string,
  identifier: PlannedEntity['identifier'],
  columns: Record<string, 'value' | (Partial<PlannedReference> & { target: string })>,
  change: Partial<PlannedEntity> = {},
): PlannedEntity {
  const references: PlannedReference[] = [];
  const planned: PlannedColumn[] = [];
  if (identifier === 'minted' || identifier === 'kept') {
    planned.push({ destination: 'ID', kind: 'integer', handling: { as: 'identifier', source: 'ID' } });
  }
  for (const [name, handling] of Object.entries(columns)) {
    if (handling === 'value') {
      planned.push({ destination: name, kind: 'text', handling: { as: 'value', source: name } });
      continue;
    }
    const reference: PlannedReference = {
      attribute: name,
      targetName: handling.target,
      identifier: false,
      deferred: false,
      rule: 'Protect',
      missing: 'fail',
      ...handling,
    };
    const place = references.push(reference) - 1;
    planned.push({ destination: name, kind: 'integer', handling: { as: 'reference', source: name, reference: place } });
  }
  const physical = { schema: 'public', table, identifier: identifier === 'none' ? null : 'ID' };
  return {
    key: table,
    espace: 'Test',
    entity: table,
    role: 'copied',
    order: 1,
    component: 0,
    source: physical,
    destination: physical,
    identifier,
    identifierType: identifier === 'none' ? null : 'integer',
    rows: 0,
    bound: null,
    columns: planned,
    references,
    after: [],
    differences: [],
    ...change,
  };
}
