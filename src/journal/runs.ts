import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Database, Queries } from '../database/port.ts';
import { queryOne } from '../database/queries.ts';
import { integer, json, orNull, text, word } from '../database/shape.ts';
import { type Sql, sql } from '../database/sql.ts';
import { type Plan, planFormat } from '../plan/plan.ts';

export type RunStatus =
  | 'planning'
  | 'blocked'
  | 'running'
  | 'paused'
  | 'completed'
  | 'completedWithIssues'
  | 'failed'
  | 'cancelled';

/** The steps of a run, as the guide tells them. */
export type RunPhase =
  | 'planning'
  | 'approval'
  | 'silencing'
  | 'emptying'
  | 'people'
  | 'copying'
  | 'references'
  | 'subscribing'
  | 'verifying'
  | 'finished';

/** What the operator wants of a run right now; read by every batch, so that it takes effect within one. */
export type Control = 'run' | 'pause';

export interface Run {
  id: string;
  pairId: string;
  source: string;
  destination: string;
  spec: MigrationSpec;
  status: RunStatus;
  phase: RunPhase;
  control: Control;
  message: string | null;
  /** Milliseconds since 1970. */
  started: number;
  finished: number | null;
  /** Who let it go on after its plan, and when; null where nobody had to, or has. */
  approval: { by: string; at: number } | null;
  /** The run whose rows set aside it migrates; null for a run of its own. */
  retryOf: string | null;
}

const selectRun = sql`select r.id, r.pair_id, p.source, p.destination, r.spec, r.status, r.phase, r.control, r.message,
  r.started_ms as started, r.finished_ms as finished, r.approved_by, r.approved_ms, r.retry_of
  from caravel_run r join caravel_pair p on p.id = r.pair_id`;

async function readRuns(journal: Queries, rest: Sql): Promise<Run[]> {
  const rows = await journal.query(sql`${selectRun} ${rest}`, {
    id: text,
    pairId: text,
    source: text,
    destination: text,
    spec: json<MigrationSpec>(),
    status: word<RunStatus>(),
    phase: word<RunPhase>(),
    control: word<Control>(),
    message: orNull(text),
    started: integer,
    finished: orNull(integer),
    approvedBy: orNull(text),
    approvedMs: orNull(integer),
    retryOf: orNull(text),
  });
  return rows.map(({ approvedBy, approvedMs, ...run }) => ({
    ...run,
    approval: approvedBy === null || approvedMs === null ? null : { by: approvedBy, at: approvedMs },
  }));
}

export class RunTakenError extends Error {
  constructor(id: string) {
    super(`run id '${id}' was used before; choose another (a new run goes on where an earlier one stopped)`);
    this.name = 'RunTakenError';
  }
}

/**
 * Records a run; called again by the same execution (a retried activity, a workflow that continued as new) it changes
 * nothing.
 * @param execution first execution of the workflow: tells a retried activity from a second start with the same id.
 * @param retryOf the run whose rows set aside it migrates.
 * @throws RunTakenError
 */
export async function createRun(
  journal: Database,
  id: string,
  { execution, spec, retryOf = null }: { execution: string; spec: MigrationSpec; retryOf?: string | null },
): Promise<Run> {
  await journal.transaction(async (transaction) => {
    await transaction.lock('caravel runs', 60_000);
    const pairId = await pairOf(transaction, spec.source, spec.destination);
    const [there] = await transaction.query(sql`select execution from caravel_run where id = ${id}`, {
      execution: text,
    });
    if (there !== undefined) {
      if (there.execution !== execution) throw new RunTakenError(id);
      return;
    }
    await transaction.execute(
      sql`insert into caravel_run (id, execution, pair_id, spec, status, phase, control, started_ms, retry_of)
        values (${id}, ${execution}, ${pairId}, ${JSON.stringify(spec)}, 'planning', 'planning', 'run',
          ${await transaction.now()}, ${retryOf})`,
    );
  });
  return getRun(journal, id);
}

async function pairOf(queries: Queries, source: string, destination: string): Promise<string> {
  const found = await findPair(queries, source, destination);
  if (found !== null) return found;
  await queries.execute(sql`insert into caravel_pair (source, destination) values (${source}, ${destination})`);
  const made = await findPair(queries, source, destination);
  if (made === null) throw new Error(`the journal lost the pair of '${source}' and '${destination}' at once`);
  return made;
}

/** The pair's id; null where no run has ever joined these two environments. */
export async function findPair(journal: Queries, source: string, destination: string): Promise<string | null> {
  const [pair] = await journal.query(
    sql`select id from caravel_pair where source = ${source} and destination = ${destination}`,
    { id: text },
  );
  return pair?.id ?? null;
}

/** Ids of the pairs that lead to a destination, whichever their source. */
export async function pairsTo(queries: Queries, destination: string): Promise<string[]> {
  const rows = await queries.query(sql`select id from caravel_pair where destination = ${destination}`, { id: text });
  return rows.map(({ id }) => id);
}

export class UnknownRunError extends Error {
  constructor(id: string) {
    super(`run '${id}' is not in the journal; 'caravel status' lists the runs it knows`);
    this.name = 'UnknownRunError';
  }
}

/** @throws UnknownRunError */
export async function getRun(journal: Queries, id: string): Promise<Run> {
  const [run] = await readRuns(journal, sql`where r.id = ${id}`);
  if (run === undefined) throw new UnknownRunError(id);
  return run;
}

/** The run that issues are kept under: itself, or the one whose rows set aside it migrates. @throws UnknownRunError */
export async function issuesRun(journal: Queries, id: string): Promise<Run> {
  const run = await getRun(journal, id);
  return run.retryOf === null ? run : getRun(journal, run.retryOf);
}

/** How many runs have migrated what this one set aside. */
export async function countRetries(journal: Queries, id: string): Promise<number> {
  const { retries } = await queryOne(
    journal,
    sql`select ${sql.countOfRows} as retries from caravel_run where retry_of = ${id}`,
    { retries: integer },
  );
  return retries;
}

/** All runs, newest first. */
export async function listRuns(journal: Queries): Promise<Run[]> {
  return readRuns(journal, sql`order by r.started_ms desc, r.id`);
}

/** A plan is read by the release that understands it, and no other. */
export class PlanFormatError extends Error {
  constructor(id: string, format: unknown) {
    const other =
      format === undefined ? 'an earlier release' : `another release (plan format ${format}, here ${planFormat})`;
    super(`the plan of run '${id}' was made by ${other} of Caravel; use that release for it, or start a new run`);
    this.name = 'PlanFormatError';
  }
}

export async function savePlan(journal: Queries, id: string, plan: Plan): Promise<void> {
  const document = JSON.stringify({ format: planFormat, ...plan });
  await journal.execute(sql`update caravel_run set plan_document = ${document} where id = ${id}`);
}

/** @throws UnknownRunError, PlanFormatError; Error when the run was never planned. */
export async function loadPlan(journal: Queries, id: string): Promise<Plan> {
  const plan = await loadPlanIfAny(journal, id);
  if (plan === null) throw new Error(`run '${id}' has no plan yet`);
  return plan;
}

/** The run's plan; null before it was planned. @throws UnknownRunError, PlanFormatError */
export async function loadPlanIfAny(journal: Queries, id: string): Promise<Plan | null> {
  const [run] = await journal.query(sql`select plan_document from caravel_run where id = ${id}`, {
    planDocument: orNull(json<Plan & { format?: unknown }>()),
  });
  if (run === undefined) throw new UnknownRunError(id);
  if (run.planDocument === null) return null;
  const { format, ...plan } = run.planDocument;
  if (format !== planFormat) throw new PlanFormatError(id, format);
  return plan;
}

/** Changes what `caravel status` shows of a run. */
export async function updateRun(
  journal: Queries,
  id: string,
  change: {
    status?: RunStatus;
    phase?: RunPhase;
    control?: Control;
    message?: string | null;
    result?: unknown;
    finished?: boolean;
  },
): Promise<void> {
  const { status, phase, control, message, result, finished } = change;
  const sets: Sql[] = [];
  if (status !== undefined) sets.push(sql`status = ${status}`);
  if (phase !== undefined) sets.push(sql`phase = ${phase}`);
  if (control !== undefined) sets.push(sql`control = ${control}`);
  if (message !== undefined) sets.push(sql`message = ${message}`);
  if (result !== undefined) sets.push(sql`result = ${JSON.stringify(result)}`);
  if (finished) sets.push(sql`finished_ms = ${await journal.now()}`);
  if (sets.length === 0) return;
  await journal.execute(sql`update caravel_run set ${sql.list(sets)} where id = ${id}`);
}

/** What the operator wants of a run. @throws UnknownRunError */
export async function controlOf(queries: Queries, id: string): Promise<Control> {
  const [run] = await queries.query(sql`select control from caravel_run where id = ${id}`, {
    control: word<Control>(),
  });
  if (run === undefined) throw new UnknownRunError(id);
  return run.control;
}

/** Notes who let a run go on after its plan. The first approval counts. */
export async function noteApproval(journal: Queries, id: string, by: string): Promise<void> {
  await journal.execute(
    sql`update caravel_run set approved_by = ${by}, approved_ms = ${await journal.now()}
      where id = ${id} and approved_by is null`,
  );
}

/** The result document of a finished run (docs/interface.md, "Documents"); null while it is not finished. */
export async function loadResult(journal: Queries, id: string): Promise<unknown> {
  const [run] = await journal.query(sql`select result from caravel_run where id = ${id}`, {
    result: orNull(json<unknown>()),
  });
  if (run === undefined) throw new UnknownRunError(id);
  return run.result;
}
