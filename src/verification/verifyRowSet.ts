import type { Cell, Database, Row, TableName } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { readAhead } from '../database/readAhead.ts';
import { integer } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import { getProgress } from '../journal/progress.ts';
import { readSegments } from '../journal/segments.ts';
import type { PhysicalEntity } from '../plan/plan.ts';
import { loadExclusions } from '../processes/exclusions.ts';
import type { EntityProof } from './context.ts';
import { type ColumnExpectation, expectationsOf } from './expectation.ts';
import { loadTargetMaps } from './maps.ts';
import { readOpenIssues } from './openIssues.ts';
import { emptyReport, type VerificationReport } from './report.ts';
import { GatheredHashes, hashOfCells } from './rowHash.ts';

/**
 * Proves an entity whose rows have no identifier: each source row, translated, must occur in the destination at least
 * as often as in the source. A row that differs cannot be told from one that is missing. Extra rows are counted against
 * the destination's row count from before the run (`destinationBefore`), for these entities a count; unknown, none is
 * extra.
 * @throws DatabaseError; AbortSignal's reason when cancelled.
 */
export async function verifyRowSet(proof: EntityProof): Promise<VerificationReport> {
  const { context, entity } = proof;
  const report = emptyReport(entity);
  const segments = (await readSegments(context.journal, context.pairId, entity.key)).filter(
    ({ coding }) => coding === 'rows',
  );
  const rowsOf = (ofRun: boolean) =>
    segments.reduce((sum, { runId, rows }) => sum + ((runId === context.runId) === ofRun ? rows : 0), 0);
  const { destinationBefore } = await getProgress(context.journal, context.runId, entity.key);
  const before = destinationBefore === null ? null : Number(destinationBefore);
  // Rows of the destination that no run wrote.
  const foreign = Math.max(0, (before ?? 0) - rowsOf(false));
  const counts =
    context.mode === 'counts'
      ? await countRows(sidesOf(proof), foreign)
      : await matchRows(proof, { withNeutral: rowsOf(false) === 0 });
  const { withoutId } = await readOpenIssues(context, entity);
  const absent = counts.source - counts.matched;
  report.same = counts.matched;
  report.setAside = Math.min(absent, withoutId);
  report.missing = absent - report.setAside;
  if (context.openEnd === true && before !== null) {
    report.extra = Math.max(0, counts.destination - before - rowsOf(true));
  }
  return report;
}

/** Rows on either side, and source rows that have a counterpart. */
interface RowCounts {
  source: number;
  destination: number;
  matched: number;
}

/** The entity's table in one of the two environments. */
interface Side {
  database: Database;
  table: TableName;
}

interface Sides {
  source: Side;
  destination: Side;
}

function sidesOf({ context, entity }: EntityProof): Sides {
  const tableOf = ({ schema, table }: PhysicalEntity) => ({ schema, name: table });
  return {
    source: { database: context.source, table: tableOf(entity.source) },
    destination: { database: context.destination, table: tableOf(entity.destination) },
  };
}

async function countRows(sides: Sides, foreign: number): Promise<RowCounts> {
  const source = await countTable(sides.source);
  const destination = await countTable(sides.destination);
  return { source, destination, matched: Math.min(source, Math.max(0, destination - foreign)) };
}

async function countTable({ database, table }: Side): Promise<number> {
  const counted = sql`select ${sql.countOfRows} as total from ${sql.table(table)}`;
  const { total } = await queryOne(database, counted, { total: integer });
  return total;
}

/** @param withNeutral also what only the destination has; rows of earlier runs may be older than such a column. */
async function matchRows(proof: EntityProof, { withNeutral }: { withNeutral: boolean }): Promise<RowCounts> {
  const { context, entity, control } = proof;
  const { source, destination } = sidesOf(proof);
  const exclusions = await loadExclusions(context.journal, context.runId, entity);
  const expectations = expectationsOf(entity, await loadTargetMaps(context, entity), exclusions).filter(
    ({ source }) => source !== null || withNeutral,
  );
  const counts: RowCounts = { source: 0, destination: 0, matched: 0 };
  const gathered = new GatheredHashes();
  const sourceColumns = [...new Set(expectations.flatMap(({ source, type }) => [source ?? [], type ?? []].flat()))];
  for await (const page of allRows(proof, source, sourceColumns)) {
    counts.source += page.length;
    for (const row of page) {
      const cells = expectedCells(expectations, sourceColumns, row);
      if (cells !== null) gathered.add(hashOfCells(cells));
    }
    control.onBatch(page.length);
  }
  const awaited = gathered.awaited();
  const columns = expectations.map(({ column }) => column);
  for await (const page of allRows(proof, destination, columns)) {
    counts.destination += page.length;
    for (const row of page) if (awaited.find(hashOfCells(row))) counts.matched += 1;
    control.onBatch(0);
  }
  return counts;
}

async function* allRows(
  { context, control }: EntityProof,
  { database, table }: Side,
  columns: string[],
): AsyncGenerator<Row[]> {
  const pages = database.readRows({ table, columns, key: null, batch: context.batch });
  for await (const page of readAhead(pages)) {
    control.signal.throwIfAborted();
    yield page;
  }
}

/** The row as the destination must hold it; null where it should not be there. */
function expectedCells(expectations: ColumnExpectation[], sourceColumns: string[], row: Row): Cell[] | null {
  const cells: Cell[] = [];
  for (const { source, type, expected } of expectations) {
    const of = (column: string | null) => (column === null ? null : row[sourceColumns.indexOf(column)]!);
    const cell = expected(of(source), of(type));
    if (typeof cell === 'symbol') return null;
    cells.push(cell);
  }
  return cells;
}
