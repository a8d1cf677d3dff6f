import type { MigrationSpec } from '../config/migrationSpec.ts';
import type { Database, Queries } from '../database/port.ts';
import { type Plan, planFormat } from '../plan/plan.ts';
import { journalNow } from './clock.ts';

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

const runColumns = `r.id, r.pair_id, p.source, p.destination, r.spec, r.status, r.phase, r.control, r.message,
  r.started_ms, r.finished_ms, r.approved_by, r.approved_ms, r.retry_of from caravel_run r join caravel_pair p on p.id = r.pair_id`;

function toRun(row: unknown[]): Run {
  const [id, pairId, source, destination, spec, status, phase, control, message, started, finished, by, at, retryOf] =
    row as (string | null)[];
  return {
    id: id!,
    pairId: pairId!,
    source: source!,
    destination: destination!,
    spec: JSON.parse(spec!),
    status: status as RunStatus,
    phase: phase as RunPhase,
    control: control as Control,
    message: message ?? null,
    started: Number(started),
    finished: finished === null || finished === undefined ? null : Number(finished),
    approval: by === null || by === undefined ? null : { by, at: Number(at) },
    retryOf: retryOf ?? null,
  };
}

export class RunTakenError extends Error {
  constructor(id: string) {
    super(`run id '${id}' was used before; choose another (a new run goes on where an earlier one stopped)`);
    this.name = 'RunTakenError';
  }
}

/**
 * Records a run; called again by the same execution (a retried activity, a workflow that continued as new) it changes nothing.
 * @param execution first execution of the workflow: tells a retried activity from a second start with the same id.
 * @param retryOf the run whose rows set aside it migrates.
 * @throws RunTakenError
 */
export async function createRun(
  journal: Database,
  id: string,
  execution: string,
  spec: MigrationSpec,
  retryOf: string | null = null,
): Promise<Run> {
  await journal.transaction(async (transaction) => {
    await transaction.lock('caravel runs', 60_000);
    const pairId = await pairOf(transaction, spec.source, spec.destination);
    const exists = await transaction.query('select execution from caravel_run where id = ?', [id]);
    if (exists.length > 0) {
      if (exists[0]![0] !== execution) throw new RunTakenError(id);
      return;
    }
    await transaction.execute(
      `insert into caravel_run (id, execution, pair_id, spec, status, phase, control, started_ms, retry_of)
       values (?, ?, ?, ?, 'planning', 'planning', 'run', ?, ?)`,
      [id, execution, pairId, JSON.stringify(spec), await journalNow(transaction), retryOf],
    );
  });
  return getRun(journal, id);
}

async function pairOf(queries: Queries, source: string, destination: string): Promise<string> {
  const find = () =>
    queries.query('select id from caravel_pair where source = ? and destination = ?', [source, destination]);
  const found = await find();
  if (found.length > 0) return String(found[0]![0]);
  await queries.execute('insert into caravel_pair (source, destination) values (?, ?)', [source, destination]);
  return String((await find())[0]![0]);
}

/** The pair's id; null where no run has ever joined these two environments. */
export async function findPair(journal: Queries, source: string, destination: string): Promise<string | null> {
  const rows = await journal.query('select id from caravel_pair where source = ? and destination = ?', [
    source,
    destination,
  ]);
  return rows.length === 0 ? null : String(rows[0]![0]);
}

/** Ids of the pairs that lead to a destination, whichever their source. */
export async function pairsTo(queries: Queries, destination: string): Promise<string[]> {
  const rows = await queries.query('select id from caravel_pair where destination = ?', [destination]);
  return rows.map(([id]) => String(id));
}

export class UnknownRunError extends Error {
  constructor(id: string) {
    super(`run '${id}' is not in the journal; 'caravel status' lists the runs it knows`);
    this.name = 'UnknownRunError';
  }
}

/** @throws UnknownRunError */
export async function getRun(journal: Queries, id: string): Promise<Run> {
  const rows = await journal.query(`select ${runColumns} where r.id = ?`, [id]);
  if (rows.length === 0) throw new UnknownRunError(id);
  return toRun(rows[0]!);
}

/** The run that issues are kept under: itself, or the one whose rows set aside it migrates. @throws UnknownRunError */
export async function issuesRun(journal: Queries, id: string): Promise<Run> {
  const run = await getRun(journal, id);
  return run.retryOf === null ? run : getRun(journal, run.retryOf);
}

/** How many runs have migrated what this one set aside. */
export async function countRetries(journal: Queries, id: string): Promise<number> {
  const rows = await journal.query('select count(*) from caravel_run where retry_of = ?', [id]);
  return Number(rows[0]![0]);
}

/** All runs, newest first. */
export async function listRuns(journal: Queries): Promise<Run[]> {
  const rows = await journal.query(`select ${runColumns} order by r.started_ms desc, r.id`);
  return rows.map(toRun);
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
  await journal.execute('update caravel_run set plan_document = ? where id = ?', [document, id]);
}

/** @throws UnknownRunError, PlanFormatError; Error when the run was never planned. */
export async function loadPlan(journal: Queries, id: string): Promise<Plan> {
  const plan = await loadPlanIfAny(journal, id);
  if (plan === null) throw new Error(`run '${id}' has no plan yet`);
  return plan;
}

/** The run's plan; null before it was planned. @throws UnknownRunError, PlanFormatError */
export async function loadPlanIfAny(journal: Queries, id: string): Promise<Plan | null> {
  const rows = await journal.query('select plan_document from caravel_run where id = ?', [id]);
  if (rows.length === 0) throw new UnknownRunError(id);
  const document = rows[0]![0];
  if (typeof document !== 'string') return null;
  const { format, ...plan } = JSON.parse(document) as Plan & { format?: unknown };
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
  const sets: string[] = [];
  const parameters: (string | number | null)[] = [];
  const set = (column: string, value: string | number | null) => {
    sets.push(`${column} = ?`);
    parameters.push(value);
  };
  if (change.status !== undefined) set('status', change.status);
  if (change.phase !== undefined) set('phase', change.phase);
  if (change.control !== undefined) set('control', change.control);
  if (change.message !== undefined) set('message', change.message);
  if (change.result !== undefined) set('result', JSON.stringify(change.result));
  if (change.finished) set('finished_ms', await journalNow(journal));
  if (sets.length === 0) return;
  await journal.execute(`update caravel_run set ${sets.join(', ')} where id = ?`, [...parameters, id]);
}

/** Notes who let a run go on after its plan. The first approval counts. */
export async function noteApproval(journal: Queries, id: string, by: string): Promise<void> {
  await journal.execute(
    'update caravel_run set approved_by = ?, approved_ms = ? where id = ? and approved_by is null',
    [by, await journalNow(journal), id],
  );
}

/** The result document of a finished run (docs/interface.md, "Documents"); null while it is not finished. */
export async function loadResult(journal: Queries, id: string): Promise<unknown> {
  const rows = await journal.query('select result from caravel_run where id = ?', [id]);
  if (rows.length === 0) throw new UnknownRunError(id);
  return typeof rows[0]![0] === 'string' ? JSON.parse(rows[0]![0]) : null;
}
