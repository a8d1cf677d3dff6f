import { type Configuration, environmentUrl } from '../config/configuration.ts';
import { connect } from '../database/connect.ts';
import type { Database } from '../database/port.ts';

/** Databases that a worker holds open, one pool each, opened when first needed. */
export class Connections {
  readonly journal: Database;
  readonly #configuration: Configuration;
  readonly #pool: number;
  readonly #open = new Map<string, Database>();

  /** @param pool connections per database, at most. */
  constructor(configuration: Configuration, journalUrl: string, pool: number) {
    this.#configuration = configuration;
    this.#pool = pool;
    this.journal = connect({ name: 'journal', url: journalUrl, readOnly: false, pool });
  }

  /** @throws ConfigurationError for a name that caravel.json does not have. */
  source(name: string): Database {
    return this.#database(name, true);
  }

  destination(name: string): Database {
    return this.#database(name, false);
  }

  #database(name: string, readOnly: boolean): Database {
    const key = `${readOnly ? 'read' : 'write'} ${name}`;
    const open = this.#open.get(key);
    if (open) return open;
    const opened = connect({ name, url: environmentUrl(this.#configuration, name), readOnly, pool: this.#pool });
    this.#open.set(key, opened);
    return opened;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.journal.close(), ...[...this.#open.values()].map((database) => database.close())]);
  }
}
