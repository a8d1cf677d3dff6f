import type { Queries } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { orNull, text, word } from '../database/shape.ts';
import { sql } from '../database/sql.ts';
import { BatchClosedError, type EntityInRun } from './batches.ts';
import { insertIssues, type NewIssue } from './issues.ts';
import { advanceProgress } from './progress.ts';
import type { Control } from './runs.ts';

/**
 * Runs whose rows of this entity may still wait for deferred references: this one, and those that ended before filling.
 */
export async function unfinishedRuns(journal: Queries, { pairId, runId, entity }: EntityInRun): Promise<Set<string>> {
  const rows = await journal.query(
    sql`select r.id from caravel_run r join caravel_entity e on e.run_id = r.id
      where r.pair_id = ${pairId} and e.entity = ${entity} and e.deferred > 0
        and (e.state <> 'done' or r.id = ${runId})`,
    { id: text },
  );
  return new Set(rows.map(({ id }) => id));
}

/** A batch of the second pass that is over. */
export interface ClosedFill {
  /** Cursor of the second pass before the batch. */
  from: string | null;
  upTo: string;
  filled: number;
  nulled: number;
  issues: NewIssue[];
}

/**
 * Moves the second pass on by one batch.
 * @returns what the operator wants next. @throws BatchClosedError when another worker closed it.
 */
export async function moveFill(queries: Queries, { runId, entity }: EntityInRun, batch: ClosedFill): Promise<Control> {
  const { filledUpTo, control } = await queryOne(
    queries,
    sql`select e.filled_up_to, r.control from caravel_entity e join caravel_run r on r.id = e.run_id
      where e.run_id = ${runId} and e.entity = ${entity}`,
    { filledUpTo: orNull(text), control: word<Control>() },
  );
  if (filledUpTo !== batch.from) throw new BatchClosedError(entity, 0);
  await advanceProgress(queries, runId, entity, {
    filledUpTo: batch.upTo,
    filled: batch.filled,
    counts: { nulled: batch.nulled + batch.issues.length },
  });
  await insertIssues(queries, runId, entity, batch.issues);
  return control;
}
