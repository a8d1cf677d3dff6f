import type { Database } from '../database/port.ts';
import {
  type Counts,
  type EntityProgress,
  type EntityState,
  listProgress,
  type Verification,
} from '../journal/progress.ts';
import { getRun, loadPlanIfAny, type Run, type RunPhase, type RunStatus } from '../journal/runs.ts';
import type { Plan } from '../plan/plan.ts';

/** Progress of one entity, in rows: what `caravel status --json` says of it. */
export interface EntityView extends Counts {
  espace: string;
  entity: string;
  key: string;
  state: EntityState;
  /** Rows in the source when the plan was made. */
  rows: number;
  /** References filled in the second pass. */
  filled: number;
  /** Average over the time the entity was worked on. */
  rowsPerSecond: number;
  verification: Verification | null;
}

/** Progress of a run: the document of `caravel status ID --json`. */
export interface RunView {
  run: string;
  status: RunStatus;
  phase: RunPhase;
  source: string;
  destination: string;
  message: string | null;
  /** ISO 8601. */
  started: string;
  finished: string | null;
  /** Who let it go on after its plan, and when (ISO 8601). */
  approval: { by: string; at: string } | null;
  /** Average over the time in which rows were copied. */
  rowsPerSecond: number;
  entities: EntityView[];
}

/** Reads runs as the journal knows them. The plan, which never changes once made, is read once. */
export class RunReader {
  readonly #journal: Database;
  readonly #run: string;
  #plan: Plan | null = null;

  constructor(journal: Database, run: string) {
    this.#journal = journal;
    this.#run = run;
  }

  /** @throws UnknownRunError, DatabaseError */
  async read(): Promise<RunView> {
    const run = await getRun(this.#journal, this.#run);
    this.#plan ??= await loadPlanIfAny(this.#journal, this.#run);
    return toView(run, this.#plan, await listProgress(this.#journal, this.#run));
  }
}

function toView(run: Run, plan: Plan | null, progress: EntityProgress[]): RunView {
  const planned = new Map(plan?.entities.map((entity) => [entity.key, entity]));
  return {
    run: run.id,
    status: run.status,
    phase: run.phase,
    source: run.source,
    destination: run.destination,
    message: run.message,
    started: new Date(run.started).toISOString(),
    finished: run.finished === null ? null : new Date(run.finished).toISOString(),
    approval: run.approval && { by: run.approval.by, at: new Date(run.approval.at).toISOString() },
    rowsPerSecond: rate(progress),
    entities: progress.map((entity) => {
      const { entity: key, state, filled, verification } = entity;
      const { read, inserted, known, reused, leftOut, nulled, setAside, deferred } = entity;
      const { espace = '', entity: name = key, rows = read } = planned.get(key) ?? {};
      const counts = { rows, read, inserted, known, reused, leftOut, nulled, setAside, deferred, filled };
      return { espace, entity: name, key, state, ...counts, rowsPerSecond: rate([entity]), verification };
    }),
  };
}

/** Rows per second from the first batch to the last, by the journal's clock. */
function rate(progress: EntityProgress[]): number {
  const worked = progress.flatMap(({ read, started, finished }) =>
    read > 0 && started !== null && finished !== null ? [{ read, started, finished }] : [],
  );
  if (worked.length === 0) return 0;
  const from = Math.min(...worked.map(({ started }) => started));
  const to = Math.max(...worked.map(({ finished }) => finished));
  const rows = worked.reduce((sum, { read }) => sum + read, 0);
  return Math.round((rows * 1_000) / Math.max(to - from, 1_000));
}

/** Sums of a run, in rows. */
export function totals({ entities }: RunView): { rows: number; read: number; done: number; verified: number } {
  return {
    rows: entities.reduce((sum, { rows, read }) => sum + Math.max(rows, read), 0),
    read: entities.reduce((sum, { read }) => sum + read, 0),
    done: entities.filter(({ state }) => state === 'done' || state === 'copied').length,
    verified: entities.filter(({ verification }) => verification !== null).length,
  };
}

export const hasEnded = ({ finished }: RunView) => finished !== null;

export const nameOf = ({ espace, entity }: { espace: string; entity: string }) =>
  espace ? `${espace}.${entity}` : entity;
