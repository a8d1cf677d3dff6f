import type { Queries } from '../database/port.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/** A table is cleared of the references that close circles, and then emptied. Neither is done twice by one run. */
export type EmptyingStep = 'cleared' | 'emptied';

/** What a run has done already. */
export async function readSteps(queries: Queries, runId: string, table: string): Promise<Set<EmptyingStep>> {
  const rows = await queries.query('select step from caravel_emptying where run_id = ? and table_name = ?', [
    runId,
    table,
  ]);
  return new Set(rows.map(([step]) => step as EmptyingStep));
}

/** @param rows that were changed or deleted, as far as the process that ends the step knows. */
export async function noteStep(
  queries: Queries,
  runId: string,
  table: string,
  step: EmptyingStep,
  rows: number,
): Promise<void> {
  await queries.execute('insert into caravel_emptying (run_id, table_name, step, row_count) values (?, ?, ?, ?)', [
    runId,
    table,
    step,
    rows,
  ]);
}

/** Ids of the pairs that lead to a destination, whichever their source. */
export async function pairsTo(queries: Queries, destination: string): Promise<string[]> {
  const rows = await queries.query('select id from caravel_pair where destination = ?', [destination]);
  return rows.map(([id]) => String(id));
}

/** Forgets all that is known of an entity's rows: they are gone. */
export async function dropMap(queries: Queries, pairId: string, entity: EntityKey): Promise<void> {
  for (const table of ['caravel_segment', 'caravel_intent']) {
    await queries.execute(`delete from ${table} where pair_id = ? and entity = ?`, [pairId, entity]);
  }
}
