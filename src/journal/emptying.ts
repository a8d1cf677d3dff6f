import type { Queries } from '../database/port.ts';
import { text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/**
 * A table is cleared of the references that close circles, and then emptied. Neither is done twice by one run;
 * `clearing` says that it was begun.
 */
export type EmptyingStep = 'clearing' | 'cleared' | 'emptied';

/** What a run has done already. */
export async function readSteps(queries: Queries, runId: string, table: string): Promise<Set<EmptyingStep>> {
  const rows = await queries.query(
    sql`select step from caravel_emptying where run_id = ${runId} and table_name = ${table}`,
    { step: word<EmptyingStep>() },
  );
  return new Set(rows.map(({ step }) => step));
}

/** Notes a step. @param step its rows: changed or deleted, as far as the process that ends the step knows. */
export async function noteStep(
  queries: Queries,
  { runId, table, step, rows }: { runId: string; table: string; step: EmptyingStep; rows: number },
): Promise<void> {
  await queries.execute(
    sql`insert into caravel_emptying (run_id, table_name, step, row_count)
      values (${runId}, ${table}, ${step}, ${rows})`,
  );
}

/** Tables of a destination that a run began to clear and nobody has emptied since, with that run. */
export async function halfCleared(queries: Queries, destination: string): Promise<{ table: string; runId: string }[]> {
  return queries.query(
    sql`select c.table_name as "table", c.run_id from caravel_emptying c
     join caravel_run r on r.id = c.run_id join caravel_pair p on p.id = r.pair_id
     where c.step = 'clearing' and p.destination = ${destination} and not exists (
       select 1 from caravel_emptying e join caravel_run q on q.id = e.run_id join caravel_pair o on o.id = q.pair_id
       where e.step = 'emptied' and e.table_name = c.table_name and o.destination = p.destination
         and q.started_ms >= r.started_ms)
     order by c.table_name`,
    { table: text, runId: text },
  );
}

/** Forgets all that is known of an entity's rows: they are gone. */
export async function dropMap(queries: Queries, pairId: string, entity: EntityKey): Promise<void> {
  for (const table of [sql`caravel_segment`, sql`caravel_intent`]) {
    await queries.execute(sql`delete from ${table} where pair_id = ${pairId} and entity = ${entity}`);
  }
}
