import type { Database } from '../../database/port.ts';
import { queryRow } from '../../database/queries.ts';
import { integer, orNull } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import { mainColumn, mainTable } from '../questions/conditions.ts';
import { inParallel } from '../questions/parallel.ts';

/**
 * Binary attributes that hold something, with how much it is: it is what a run spends its time on.
 * @throws DatabaseError
 */
export async function measureBinaries(database: Database, drafts: readonly Draft[]): Promise<Findings> {
  return new Findings().merge(...(await inParallel(drafts, (draft) => measureBinariesOf(database, draft))));
}

async function measureBinariesOf(database: Database, draft: Draft): Promise<Findings> {
  const findings = new Findings();
  const binaries = copiedBinaries(draft);
  if (binaries.length === 0) return findings;
  const parts = binaries.flatMap(({ column }) => {
    const length = sql.byteLength(mainColumn(column));
    return [sql`count(case when ${length} > 0 then 1 end)`, sql`sum(cast(${length} as bigint))`];
  });
  const row = await queryRow(database, parts, sql`from ${mainTable(draft.source)}`);
  for (const [index, { attribute }] of binaries.entries()) {
    const values = integer(row[index * 2] ?? null);
    const bytes = orNull(integer)(row[index * 2 + 1] ?? null) ?? 0;
    if (values > 0) findings.add('binary-data', { entity: draft.name, attribute, values, size: sizeOf(bytes) });
  }
  return findings;
}

/** Attributes whose binary values are copied, with their columns. */
function copiedBinaries({ pair, columns }: Draft): { attribute: string; column: string }[] {
  const copied = new Set(columns.flatMap(({ handling }) => (handling.as === 'value' ? [handling.source] : [])));
  return pair.attributes.flatMap(({ source: { name, column } }) =>
    column?.kind === 'binary' && copied.has(column.name) ? [{ attribute: name, column: column.name }] : [],
  );
}

/** `512 bytes`, `3.4 MB`. */
export function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
