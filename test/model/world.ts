import type fc from 'fast-check';
import { migrationSpec } from '../../src/config/migrationSpec.ts';
import { StalePositionError } from '../../src/copying/batch.ts';
import { copyEntity } from '../../src/copying/copyEntity.ts';
import { fillDeferred } from '../../src/copying/deferred.ts';
import { CopyError } from '../../src/copying/errors.ts';
import { DatabaseError } from '../../src/database/errors.ts';
import { IdentityConflictError } from '../../src/identity/identityConflict.ts';
import { BatchClosedError } from '../../src/journal/batches.ts';
import { acquireLease, LeaseHeldError, LeaseLostError } from '../../src/journal/lease.ts';
import { createProgress } from '../../src/journal/progress.ts';
import { RunJournal } from '../../src/journal/runJournal.ts';
import { createRun } from '../../src/journal/runs.ts';
import { isWritten, type WrittenEntity } from '../../src/plan/plan.ts';
import type { CopyContext } from '../../src/writing/context.ts';
import { control } from '../support/plannedEntities.ts';
import type { Touched } from './actors.ts';
import { Clock, Killed, Process } from './clock.ts';
import { MemoryJournal } from './journal.ts';
import { connectTo, MemoryServer } from './server.ts';

/** How an attempt of a worker ended. `stopped`: the run says that a person has to decide. */
export type Ending = 'done' | 'stopped' | 'fenced' | 'died' | 'lost connection' | 'overtaken';

/** A process that begins things before anybody else is about. */
class SetUp extends Process {
  override async step(): Promise<void> {}
}

let ready: Promise<MemoryJournal> | undefined;

/** A source, a destination and a journal in memory, and whoever works on them at the same time. */
export class ModelWorld {
  readonly clock: Clock;
  readonly source = new MemoryServer('production');
  readonly destination = new MemoryServer('quality');
  readonly journal: MemoryJournal;
  readonly setUp: Process;
  /** Every process that ever worked. */
  readonly workers: Process[] = [];
  /** What ended runs that stopped, for people. */
  readonly stops: string[] = [];
  /** Rows that an application changed or deleted. */
  readonly touched: Touched[] = [];
  #begun = 0;

  private constructor(clock: Clock, journal: MemoryJournal) {
    this.clock = clock;
    this.journal = journal;
    this.setUp = new SetUp('set-up', new Clock(clock.scheduler));
  }

  static async create(scheduler: fc.Scheduler): Promise<ModelWorld> {
    ready ??= MemoryJournal.create(new SetUp('set-up', new Clock(scheduler)));
    const journal = await ready;
    journal.empty();
    return new ModelWorld(new Clock(scheduler), journal);
  }

  /** Begins a run over these entities, as the planner would; a run that holds the destination gives way. */
  async begin(run: string, entities: WrittenEntity[]): Promise<void> {
    const journal = this.journal.connect(this.setUp);
    const spec = migrationSpec.parse({ source: 'production', destination: 'quality', scope: { all: true } });
    await createRun(journal, run, { execution: run, spec });
    await acquireLease(journal, 'quality', run, async () => 'closed');
    await createProgress(journal, run, entities);
    this.destination.owner = run;
  }

  /** One attempt of a worker at a run, from what the journal says: as an activity that was just begun. */
  async attempt(run: string, entities: WrittenEntity[]): Promise<Ending> {
    this.#begun += 1;
    const process = new Process(`${run}, attempt ${this.#begun}`, this.clock, run);
    this.workers.push(process);
    try {
      const context = await this.contextOf(process, run, entities);
      const written = entities.filter(isWritten);
      for (const entity of written) await copyEntity(context, entity, control());
      for (const entity of written) await fillDeferred(context, entity, control());
      return 'done';
    } catch (error) {
      return this.#endingOf(error);
    } finally {
      process.kill();
      this.destination.reap();
    }
  }

  async contextOf(process: Process, run: string, entities: WrittenEntity[]): Promise<CopyContext> {
    const database = this.journal.connect(process);
    const lease = await acquireLease(database, 'quality', run, async () => 'open');
    const { pairId } = await createRun(database, run, {
      execution: run,
      spec: migrationSpec.parse({ source: 'production', destination: 'quality', scope: { all: true } }),
    });
    return {
      source: connectTo(this.source, process),
      destination: connectTo(this.destination, process),
      journal: new RunJournal(database, { lease, pairId }),
      plan: { source: 'production', destination: 'quality', entities, blocking: [], warnings: [] },
      batch: { rows: 2, bytes: 1 << 20 },
      conflicts: 'fail',
      rowErrors: 'fail',
    };
  }

  #endingOf(error: unknown): Ending {
    if (error instanceof Killed) return 'died';
    if (error instanceof LeaseLostError || error instanceof LeaseHeldError) return 'fenced';
    if (error instanceof StalePositionError || error instanceof BatchClosedError) return 'overtaken';
    if (error instanceof CopyError || error instanceof IdentityConflictError) {
      this.stops.push(error.message);
      return 'stopped';
    }
    if (error instanceof DatabaseError && (error.retryable || error.code === 'duplicate')) return 'lost connection';
    throw error;
  }
}
