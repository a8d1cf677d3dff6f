import { DatabaseError } from '../../database/errors.ts';
import type { Database, Row } from '../../database/port.ts';
import { rolledBack } from '../../database/rolledBack.ts';
import { type CopiedEntity, type Estimate, nameOf, type PlannedEntity } from '../../plan/plan.ts';
import type { Environments } from '../questions/request.ts';

const sampledRows = 5_000;
const sample = { rows: sampledRows, bytes: 8 * 1024 * 1024 };
/**
 * What a run spends on a row, in times of what reading and staging it takes: with constraints, journal, second pass and
 * proof.
 */
const wholeRun = 4;
/** What an entity costs whatever its rows, in seconds (docs/performance.md, "Many entities"). */
const perEntity = 0.3;

/**
 * Measures with rows of the largest entity. Nothing stays: they go into a temporary table, in a transaction that is
 * rolled back.
 * @returns null where there is nothing to measure. @throws DatabaseError
 */
export async function estimateRun(
  { source, destination }: Environments,
  entities: readonly PlannedEntity[],
): Promise<Estimate | null> {
  const written = entities.filter(({ role }) => role !== 'matched');
  const rows = written.reduce((sum, entity) => sum + entity.rows, 0);
  const [largest] = written.filter((entity) => entity.role === 'copied').sort((left, right) => right.rows - left.rows);
  if (largest === undefined || largest.rows === 0) return null;
  const measured = await measure(source.database, destination.database, largest);
  if (measured === null) return null;
  const rowsPerSecond = Math.max(1, Math.round(measured.rows / (measured.seconds * wholeRun)));
  return {
    seconds: Math.ceil(rows / rowsPerSecond + written.length * perEntity),
    rowsPerSecond,
    sample: { entity: nameOf(largest), rows: measured.rows },
  };
}

async function measure(
  source: Database,
  destination: Database,
  entity: CopiedEntity,
): Promise<{ rows: number; seconds: number } | null> {
  const copied = entity.columns.flatMap(({ destination: to, handling }) =>
    handling.as === 'value' ? [{ from: handling.source, to }] : [],
  );
  if (copied.length === 0) return null;
  const started = performance.now();
  const rows = await firstRows(
    source,
    entity,
    copied.map(({ from }) => from),
  );
  if (rows.length === 0) return null;
  const table = { schema: entity.destination.schema, name: entity.destination.table };
  try {
    const columns = copied.map(({ to }) => to);
    await rolledBack(destination, (transaction) => transaction.stage(table, columns, rows));
  } catch (error) {
    // A value that does not fit: the plan says so elsewhere, and what was read tells enough.
    if (!(error instanceof DatabaseError && error.rowLevel)) throw error;
  }
  return { rows: rows.length, seconds: (performance.now() - started) / 1_000 };
}

async function firstRows(source: Database, { source: from }: CopiedEntity, columns: string[]): Promise<Row[]> {
  const { schema, table: name, identifier: key } = from;
  const limit = sampledRows;
  // One batch, bounded by bytes too: rows may be large.
  for await (const rows of source.readRows({ table: { schema, name }, columns, key, limit, batch: sample }))
    return rows;
  return [];
}
