import type { StoredRow } from './server.ts';
import type { ModelWorld } from './world.ts';

/** What befalls a run, at a step of the model's clock. */
export type Fault = { at: number } & (
  | { what: 'kill' | 'freeze' | 'thaw' | 'endSession' | 'endJournalSession' }
  /** An application writes to a table of the destination: a row of its own, with the content of the n-th source row. */
  | { what: 'insert' | 'update' | 'delete'; table: string; row: number }
  /** An administrator gives a table a trigger that changes what is stored. */
  | { what: 'trigger'; table: string }
  /** The server starts again, and forgets identity values that it had not yet written down. */
  | { what: 'restart' }
  /** The run is terminated, and another one begins, under another plan. */
  | { what: 'newRun' }
);

const application = 'application';

/** Makes faults happen. */
export class Fate {
  readonly #world: ModelWorld;
  readonly #newRun: () => void;

  /** @param newRun terminates the run and begins another one. */
  constructor(world: ModelWorld, newRun: () => void) {
    this.#world = world;
    this.#newRun = newRun;
  }

  bring(faults: readonly Fault[]): void {
    for (const fault of faults) this.#world.clock.plan(fault.at, () => this.#happen(fault));
  }

  #happen(fault: Fault): void {
    const { destination, journal, workers } = this.#world;
    const living = workers.filter(({ isKilled }) => !isKilled);
    switch (fault.what) {
      case 'kill':
        living.at(-1)?.kill();
        destination.reap();
        break;
      case 'freeze':
        living
          .filter(({ isFrozen }) => !isFrozen)
          .at(-1)
          ?.freeze();
        break;
      case 'thaw':
        living.find(({ isFrozen }) => isFrozen)?.thaw();
        break;
      case 'endSession': {
        const [session] = destination.sessions;
        if (session !== undefined) destination.lose(session);
        break;
      }
      case 'endJournalSession':
        if (journal.holder !== null) journal.lose(journal.holder);
        break;
      case 'trigger':
        destination.table(fault.table).trigger = (cells) => ({ ...cells, NOTE: 'stamped' });
        break;
      case 'restart':
        destination.restart();
        break;
      case 'newRun':
        this.#newRun();
        break;
      default:
        this.#write(fault);
    }
  }

  /**
   * An application's statement, by itself a transaction. It waits for nobody: a row that is being changed is left
   * alone.
   */
  #write({ what, table: name, row }: Fault & { what: 'insert' | 'update' | 'delete' }): void {
    const { source, destination } = this.#world;
    const table = destination.table(name);
    if (what === 'insert') {
      const cells = { ...source.table(name).rows[row % source.table(name).rows.length]?.cells };
      if (table.isMinted) {
        table.counter += 1n;
        cells.ID = String(table.counter);
      } else if (table.key !== null) cells.ID = `own ${table.rows.length}`;
      const stored = table.trigger?.(cells) ?? cells;
      table.rows.push({ cells: stored, born: { ...stored }, by: application, insertedIn: null, change: null });
      table.durable = table.counter;
      return;
    }
    const free = table.rows.filter(({ insertedIn, change }) => insertedIn === null && change === null);
    const chosen = free[row % Math.max(1, free.length)];
    if (chosen === undefined) return;
    if (what === 'update') chosen.cells = { ...chosen.cells, NOTE: 'changed', NAME: `changed ${chosen.born.NAME}` };
    else table.rows = table.rows.filter((one) => one !== chosen);
    this.#world.touched.push({ what, table: name, row: chosen });
  }
}

/** What an application did to a row that was there. */
export interface Touched {
  what: 'update' | 'delete';
  table: string;
  row: StoredRow;
}

/** Rows that a run inserted, not an application. */
export const ofRuns = (rows: readonly StoredRow[]): StoredRow[] => rows.filter(({ by }) => by !== application);
