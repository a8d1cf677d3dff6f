import type { Database } from '../../database/port.ts';
import { queryRow } from '../../database/queries.ts';
import { integer, orNull } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import { Findings } from '../../plan/findings.ts';
import type { Draft } from '../drafting/draft.ts';
import { mainColumn, mainTable } from '../questions/conditions.ts';
import { inParallel } from '../questions/parallel.ts';

/** Binary attributes that hold something, with how much it is: it is what a run spends its time on. @throws DatabaseError */
export async function measureBinaries(database: Database, drafts: readonly Draft[]): Promise<Findings> {
  const found = await inParallel(drafts, async (draft) => {
    const binaries = draft.pair.attributes.filter(
      ({ source }) =>
        source.column?.kind === 'binary' &&
        draft.columns.some(({ handling }) => handling.as === 'value' && handling.source === source.column!.name),
    );
    const findings = new Findings();
    if (binaries.length === 0) return findings;
    const parts = binaries.flatMap(({ source }) => {
      const length = sql.byteLength(mainColumn(source.column!.name));
      return [sql`count(case when ${length} > 0 then 1 end)`, sql`sum(cast(${length} as bigint))`];
    });
    const row = await queryRow(database, parts, sql`from ${mainTable(draft.source)}`);
    for (const [index, { source }] of binaries.entries()) {
      const values = integer(row[index * 2] ?? null);
      const bytes = orNull(integer)(row[index * 2 + 1] ?? null) ?? 0;
      const facts = { entity: draft.name, attribute: source.name, values, size: sizeOf(bytes) };
      if (values > 0) findings.add('binary-data', facts);
    }
    return findings;
  });
  return new Findings().merge(...found);
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
