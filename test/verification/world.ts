import pg from 'pg';
import { migrationSpec } from '../../src/config/migrationSpec.ts';
import type { Database } from '../../src/database/port.ts';
import { connectPostgres } from '../../src/database/postgres/connect.ts';
import { encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { insertIssues } from '../../src/journal/issues.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { advanceProgress, createProgress } from '../../src/journal/progress.ts';
import { createRun } from '../../src/journal/runs.ts';
import { insertSegment, nextOrdinal, type SegmentCoding } from '../../src/journal/segments.ts';
import type { PlannedColumn, PlannedEntity, PlannedReference } from '../../src/planning/plan.ts';
import type { VerifyContext } from '../../src/verification/context.ts';
import type { VerificationReport } from '../../src/verification/report.ts';
import { verifyEntity } from '../../src/verification/verifyEntity.ts';

const server = () => process.env.CARAVEL_TEST_POSTGRES!;
const urlOf = (database: string) => Object.assign(new URL(server()), { pathname: `/${database}` }).href;

/** A connection outside the port, as an application has one. */
async function open(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

export interface Migration {
  source(statement: string): Promise<void>;
  destination(statement: string): Promise<void>;
  /** Makes tables on both sides. */
  tables(statement: string): Promise<void>;
  /** Notes a batch: [source id, destination id] of each row. */
  map(entity: string, pairs: [string, string][], change?: { run?: string; coding?: SegmentCoding }): Promise<void>;
  /** Notes a batch of rows without identifier. */
  rowsWritten(entity: string, rows: number, run?: string): Promise<void>;
  /** Notes MAX(id), for rows without identifier COUNT(*), of the destination before the run. */
  before(entity: PlannedEntity, value: string, run?: string): Promise<void>;
  setAside(entity: string, sourceId: string | null, change?: { run?: string; resolved?: boolean }): Promise<void>;
  verify(
    entity: PlannedEntity,
    change?: Partial<VerifyContext>,
    control?: { signal?: AbortSignal; onBatch?: (rows: number) => void },
  ): Promise<VerificationReport>;
  context(change?: Partial<VerifyContext>): VerifyContext;
}

export interface World {
  /** A pair of environments without tables, with two runs: `now`, which is proven, and `earlier`. */
  begin(entities: PlannedEntity[]): Promise<Migration>;
  close(): Promise<void>;
}

export async function createWorld(name: string): Promise<World> {
  const names = ['source', 'destination', 'journal'].map((part) => `verification_${name}_${part}`);
  const superuser = await open(server());
  for (const database of names) {
    await superuser.query(`drop database if exists "${database}" with (force)`);
    await superuser.query(`create database "${database}"`);
  }
  const [sourceUrl, destinationUrl, journalUrl] = names.map(urlOf) as [string, string, string];
  const writable = connectPostgres({ name: 'journal', url: journalUrl, readOnly: false, pool: 2 });
  await migrateJournal(writable);
  // The server refuses every write of a proof.
  const readOnly = (database: string, url: string): Database =>
    connectPostgres({ name: database, url, readOnly: true, pool: 3 });
  const source = readOnly('production', sourceUrl);
  const destination = readOnly('quality', destinationUrl);
  const journal = readOnly('journal', journalUrl);
  const [sourceWriter, destinationWriter] = [await open(sourceUrl), await open(destinationUrl)];
  const run = async (client: pg.Client, statement: string) => void (await client.query(statement));
  let begun = 0;

  return {
    async begin(entities) {
      begun += 1;
      for (const client of [sourceWriter, destinationWriter]) {
        await run(client, 'drop schema if exists public cascade; create schema public');
      }
      const runs: Record<string, string> = { now: `now-${begun}`, earlier: `earlier-${begun}` };
      const spec = migrationSpec.parse({ source: `s${begun}`, destination: 'd', scope: { all: true } });
      let pairId = '';
      for (const id of Object.values(runs)) {
        pairId = (await createRun(writable, id, id, spec)).pairId;
        await createProgress(writable, id, entities);
      }
      const context = (change: Partial<VerifyContext> = {}): VerifyContext => ({
        source,
        destination,
        journal,
        pairId,
        runId: runs.now!,
        plan: { source: 's', destination: 'd', entities, blocking: [], warnings: [] },
        batch: { rows: 3, bytes: 1 << 20 },
        mode: 'content',
        openEnd: true,
        ...change,
      });
      const addSegment = async (
        entity: string,
        rows: number,
        content: Uint8Array,
        coding: SegmentCoding,
        run = 'now',
      ) => {
        const ordinal = await nextOrdinal(writable, pairId, entity);
        await insertSegment(writable, pairId, entity, { ordinal, runId: runs[run]!, coding, rows, content });
      };
      return {
        source: (statement) => run(sourceWriter, statement),
        destination: (statement) => run(destinationWriter, statement),
        async tables(statement) {
          await run(sourceWriter, statement);
          await run(destinationWriter, statement);
        },
        async map(entity, pairs, { run, coding = 'pairs' } = {}) {
          const encode = coding.toLowerCase().endsWith('texts') ? encodeTextSegment : encodeSegment;
          const content = encode(
            pairs.map(([id]) => id),
            pairs.map(([, id]) => id),
          );
          await addSegment(entity, pairs.length, content, coding, run);
        },
        rowsWritten: (entity, rows, run) => addSegment(entity, rows, new Uint8Array(rows * 8), 'rows', run),
        before: (entity, value, run = 'now') =>
          advanceProgress(writable, runs[run]!, entity.key, { destinationBefore: value }),
        async setAside(entity, sourceId, { run = 'now', resolved = false } = {}) {
          const code = 'missing-reference';
          await insertIssues(writable, runs[run]!, entity, [{ sourceId, code, reason: 'a test' }]);
          if (resolved) await writable.execute("update caravel_issue set state = 'resolved'");
        },
        verify: (entity, change, { signal, onBatch } = {}) =>
          verifyEntity(context(change), entity, {
            signal: signal ?? new AbortController().signal,
            onBatch: onBatch ?? (() => {}),
          }),
        context,
      };
    },
    async close() {
      await Promise.all([source, destination, journal, writable].map((database) => database.close()));
      await Promise.all([sourceWriter, destinationWriter].map((client) => client.end()));
      for (const database of names) await superuser.query(`drop database if exists "${database}" with (force)`);
      await superuser.end();
    },
  };
}

/** Handling of a column: a value of this kind, a neutral value, or a reference. */
export type Handling =
  | 'text'
  | 'decimal'
  | 'datetime'
  | 'boolean'
  | 'binary'
  | 'integer'
  | { neutral: string | null; kind: string }
  | (Partial<PlannedReference> & { target: string });

/** A planned entity over tables of its name. Columns have the same names on both sides. */
export function entity(
  table: string,
  identifier: PlannedEntity['identifier'],
  columns: Record<string, Handling>,
  change: Partial<PlannedEntity> = {},
): PlannedEntity {
  const references: PlannedReference[] = [];
  const planned: PlannedColumn[] = [];
  if (identifier === 'kept') {
    planned.push({ destination: 'ID', kind: 'integer', handling: { as: 'identifier', source: 'ID' } });
  }
  for (const [name, handling] of Object.entries(columns)) {
    if (typeof handling === 'string') {
      planned.push({ destination: name, kind: handling, handling: { as: 'value', source: name } });
    } else if ('neutral' in handling) {
      planned.push({ destination: name, kind: handling.kind, handling: { as: 'neutral', value: handling.neutral } });
    } else {
      const reference: PlannedReference = {
        attribute: name,
        targetName: handling.target,
        identifier: false,
        deferred: false,
        rule: 'Protect',
        missing: 'fail',
        ...handling,
      };
      const number = references.push(reference) - 1;
      const kind = 'integer';
      planned.push({ destination: name, kind, handling: { as: 'reference', source: name, reference: number } });
    }
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

/** The totals without what says where. */
export function totals({ same, different, missing, extra, setAside }: VerificationReport) {
  return { same, different, missing, extra, setAside };
}

/** Pairs of consecutive ids. */
export function pairs(first: number, last: number, shift: number): [string, string][] {
  return Array.from({ length: last - first + 1 }, (_, index) => [String(first + index), String(first + index + shift)]);
}
