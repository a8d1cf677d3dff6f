import { idsOfRows } from '../../alignment/idsReferredTo.ts';
import type { Database } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer, text } from '../../database/shape.ts';
import { sql } from '../../database/sql.ts';
import type { MatchedMap } from '../../identity/mapStore.ts';
import { isNullIdentifier } from '../../outsystems/naming.ts';
import { Findings } from '../../plan/findings.ts';
import { nameOf } from '../../plan/plan.ts';
import { inParallel } from '../questions/parallel.ts';
import type { PlannedReferenceColumn } from '../questions/referenceColumns.ts';
import { addMissingReference } from './missingReferences.ts';

/**
 * References to rows of matched entities that have no counterpart in the destination (trap 32: a static record that is
 * gone). Entities without a map (left-out producers) are not looked at.
 * @throws DatabaseError
 */
export async function findUnmapped(
  source: Database,
  columns: readonly PlannedReferenceColumn[],
  maps: readonly MatchedMap[],
): Promise<Findings> {
  const mappedIds = new Map(maps.map(({ entity, pairs }) => [entity, new Set(pairs.map(([id]) => id))]));
  const withMap = columns.flatMap((column) => {
    const mapped = mappedIds.get(column.target);
    return mapped === undefined ? [] : [{ column, mapped }];
  });
  const counted = await inParallel(withMap, async ({ column, mapped }) => {
    return { column, rows: await countUnmapped(source, column, mapped) };
  });
  const findings = new Findings();
  for (const { column, rows } of counted) {
    addMissingReference(findings, column.reference, { entity: nameOf(column.entity), rows, why: 'no counterpart' });
  }
  return findings;
}

/** Rows whose reference is none of the ids that are mapped. */
async function countUnmapped(
  source: Database,
  column: PlannedReferenceColumn,
  mapped: ReadonlySet<string>,
): Promise<number> {
  if (column.typed !== undefined || column.behind !== undefined) return countRowByRow(source, column, mapped);
  const { table } = column;
  const value = sql.id(column.column);
  if (mapped.size === 0) {
    // Perhaps as many ids as rows, and none of them is mapped.
    const { total } = await queryOne(
      source,
      sql`select ${sql.countOfRows} as total from ${sql.table(table)}
            where ${value} is not null and cast(${value} as varchar(50)) not in ('', '0')`,
      { total: integer },
    );
    return total;
  }
  const ids = await source.query(
    sql`select ${value} as id, ${sql.countOfRows} as total from ${sql.table(table)}
          where ${value} is not null group by ${value}`,
    { id: text, total: integer },
  );
  const unmapped = ids.filter(({ id }) => !isNullIdentifier(id) && !mapped.has(id));
  return unmapped.reduce((rows, { total }) => rows + total, 0);
}

async function countRowByRow(
  source: Database,
  column: PlannedReferenceColumn,
  mapped: ReadonlySet<string>,
): Promise<number> {
  let rows = 0;
  for await (const id of idsOfRows(source, column)) if (!mapped.has(id)) rows += 1;
  return rows;
}
