import type { Queries } from '../database/port.ts';
import { bytes, integer, text } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import type { EntityKey } from '../outsystems/catalog.ts';

/**
 * What a run does with some rows of an entity, packed (src/alignment/people/decisionStore.ts,
 * src/processes/exclusions.ts).
 */
export interface PackedDecision {
  entity: EntityKey;
  decision: string;
  rows: number;
  content: Uint8Array;
}

/** Forgets what a run had decided, before it decides anew. */
export async function forgetDecisions(queries: Queries, runId: string): Promise<void> {
  await queries.execute(sql`delete from caravel_decision where run_id = ${runId}`);
}

/** Keeps what a run decided. */
export async function insertDecisions(queries: Queries, runId: string, decisions: PackedDecision[]): Promise<void> {
  for (const { entity, decision, rows, content } of decisions) {
    await queries.execute(
      sql`insert into caravel_decision (run_id, entity, decision, row_count, content)
        values (${runId}, ${entity}, ${decision}, ${rows}, ${content})`,
    );
  }
}

export async function readDecisions(queries: Queries, runId: string, entity: EntityKey): Promise<PackedDecision[]> {
  const rows = await queries.query(
    sql`select decision, row_count as rows, content from caravel_decision
      where run_id = ${runId} and entity = ${entity}`,
    { decision: text, rows: integer, content: bytes },
  );
  return rows.map((row) => ({ entity, ...row }));
}
