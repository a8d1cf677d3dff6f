import { migrationSpec } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import { sql } from '../../src/database/sql.ts';
import { encodeSegment, encodeTextSegment } from '../../src/identity/segment.ts';
import { insertIssues } from '../../src/journal/issues.ts';
import { migrateJournal } from '../../src/journal/migrate.ts';
import { advanceProgress, createProgress } from '../../src/journal/progress.ts';
import { createRun } from '../../src/journal/runs.ts';
import { insertSegment, nextOrdinal, type SegmentCoding } from '../../src/journal/segments.ts';
import type { PlannedEntity, WrittenEntity } from '../../src/plan/plan.ts';
import type { VerifyContext } from '../../src/verification/context.ts';
import type { VerificationReport } from '../../src/verification/report.ts';
import { verifyEntity } from '../../src/verification/verifyEntity.ts';
import { createDatabases, dropDatabases } from '../support/databases.ts';
import { dialect } from '../support/ddl.ts';
import { schema } from '../support/engine.ts';
import { openPlain, type PlainConnection } from '../support/plainSql.ts';

export interface Migration {
  source(...statements: string[]): Promise<void>;
  destination(...statements: string[]): Promise<void>;
  /** Makes tables on both sides, in place of those that are there. */
  tables(statement: string, inDestination?: string): Promise<void>;
  /** Notes a batch: [source id, destination id] of each row. */
  map(entity: string, pairs: [string, string][], change?: { run?: string; coding?: SegmentCoding }): Promise<void>;
  /** Notes a batch of rows without identifier. */
  rowsWritten(entity: string, rows: number, run?: string): Promise<void>;
  /** Notes MAX(id), for rows without identifier COUNT(*), of the destination before the run. */
  before(entity: WrittenEntity, value: string, run?: string): Promise<void>;
  setAside(entity: string, sourceId: string | null, change?: { run?: string; resolved?: boolean }): Promise<void>;
  verify(
    entity: WrittenEntity,
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
  const prefix = `verification_${name}`;
  const names = [`${prefix}_source`, `${prefix}_destination`, `${prefix}_journal`] as const;
  const [sourceUrl, destinationUrl, journalUrl] = await createDatabases(...names);
  const writable = connect({ name: 'journal', url: journalUrl, readOnly: false, pool: 2 });
  await migrateJournal(writable);
  // PostgreSQL refuses every write of a proof.
  const readOnly = (database: string, url: string): Database =>
    connect({ name: database, url, readOnly: true, pool: 3 });
  const journal = readOnly('journal', journalUrl);
  const openEnvironments = () => ({
    source: readOnly('production', sourceUrl),
    destination: readOnly('quality', destinationUrl),
  });
  let environments = openEnvironments();
  const closeEnvironments = () => Promise.all(Object.values(environments).map((database) => database.close()));
  const [sourceWriter, destinationWriter] = [await openPlain(sourceUrl), await openPlain(destinationUrl)];
  for (const side of [sourceWriter, destinationWriter]) await side.run(...dialect.collations);
  let begun = 0;
  /** How the tables that are there were made; null when they were changed afterwards. */
  let definition: string | null = null;
  const making =
    (side: PlainConnection) =>
    (...statements: string[]) => {
      if (statements.some((statement) => /^\s*(create|alter|drop)\s/i.test(statement))) definition = null;
      return side.run(...statements);
    };

  return {
    async begin(entities) {
      begun += 1;
      const runs: Record<string, string> = { now: `now-${begun}`, earlier: `earlier-${begun}` };
      const spec = migrationSpec.parse({ source: `s${begun}`, destination: 'd', scope: { all: true } });
      let pairId = '';
      for (const id of Object.values(runs)) {
        pairId = (await createRun(writable, id, { execution: id, spec })).pairId;
        await createProgress(writable, id, entities);
      }
      const context = (change: Partial<VerifyContext> = {}): VerifyContext => ({
        ...environments,
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
        source: making(sourceWriter),
        destination: making(destinationWriter),
        async tables(statement, inDestination = statement) {
          const wanted = `${statement};${inDestination}`;
          if (wanted === definition) {
            for (const side of [sourceWriter, destinationWriter]) await onTables(side, 'delete from');
            return;
          }
          for (const side of [sourceWriter, destinationWriter]) await onTables(side, 'drop table');
          await sourceWriter.run(statement);
          await destinationWriter.run(inDestination);
          definition = wanted;
          // An open database may remember what its tables were like.
          await closeEnvironments();
          environments = openEnvironments();
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
          if (resolved) await writable.execute(sql`update caravel_issue set state = 'resolved'`);
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
      await closeEnvironments();
      await Promise.all([journal, writable].map((database) => database.close()));
      await Promise.all([sourceWriter, destinationWriter].map((side) => side.end()));
      await dropDatabases(...names);
    },
  };
}

async function onTables({ arrays, run }: PlainConnection, words: 'drop table' | 'delete from'): Promise<void> {
  const tables = await arrays(`select table_name from information_schema.tables where table_schema = '${schema}'`);
  if (tables.length > 0) await run(tables.map(([table]) => `${words} "${table}"`).join('; '));
}

/** The totals without what says where. */
export function totals({ same, different, missing, extra, setAside }: VerificationReport) {
  return { same, different, missing, extra, setAside };
}

/** Pairs of consecutive ids. */
export function pairs(first: number, last: number, shift: number): [string, string][] {
  return Array.from({ length: last - first + 1 }, (_, index) => [String(first + index), String(first + index + shift)]);
}
