import { type Configuration, configuredJournal, environmentUrl } from '../config/configuration.ts';
import { connect } from '../database/connect.ts';
import { DatabaseError } from '../database/errors.ts';
import type { Database } from '../database/port.ts';
import { migrateJournal } from '../journal/migrate.ts';
import { readRunningServices } from '../services/home.ts';
import { readConfigurationIfAny } from './configurationFile.ts';
import { notePlace } from './databasePlaces.ts';
import { CommandError, exitCode } from './exitCodes.ts';
import type { CommonOptions } from './options.ts';

function open(name: string, url: string, setting: string, readOnly: boolean): Database {
  notePlace(name, url, setting);
  try {
    return connect({ name, url, readOnly, pool: 4 });
  } catch (error) {
    throw new CommandError(exitCode.usage, (error as Error).message, error);
  }
}

/** Opens an environment for a command that only reads it. @throws ConfigurationError, CommandError */
export function openEnvironment(configuration: Configuration, name: string): Database {
  return open(name, environmentUrl(configuration, name), `environments.${name}.url`, true);
}

/** Opens an environment for a command that writes to it. @throws ConfigurationError, CommandError */
export function openDestination(configuration: Configuration, name: string): Database {
  return open(name, environmentUrl(configuration, name), `environments.${name}.url`, false);
}

/**
 * Address of the journal: the configuration's, else that of a running `caravel dev`.
 * @throws CommandError when neither is there.
 */
export function journalUrl(configuration: Configuration | null): { url: string; setting: string } {
  const configured = configuredJournal(configuration);
  if (configured !== null) return { url: configured, setting: 'journal.url' };
  const running = readRunningServices();
  if (running) return { url: running.journal, setting: "that of 'caravel dev'" };
  throw new CommandError(
    exitCode.unavailable,
    "no journal: the configuration names none and no 'caravel dev' is running; start one, or set journal.url",
  );
}

/**
 * Runs `work` with the journal open and brought to this version.
 * @throws CommandError when there is none; DatabaseError when it is out of reach.
 */
export async function withJournal<T>(
  options: CommonOptions,
  work: (journal: Database, configuration: Configuration | null) => Promise<T>,
): Promise<T> {
  const configuration = readConfigurationIfAny(options);
  const { url, setting } = journalUrl(configuration);
  const journal = open('journal', url, setting, false);
  try {
    try {
      await migrateJournal(journal);
    } catch (error) {
      if (error instanceof DatabaseError) throw error;
      throw new CommandError(exitCode.unavailable, (error as Error).message, error);
    }
    return await work(journal, configuration);
  } finally {
    await journal.close();
  }
}

/**
 * Runs `work` with the journal, where there is one that any run has written to; null where there is none. Nothing is
 * written to it. One that is out of reach is said on stderr, and then is none.
 */
export async function withJournalIfAny<T>(
  options: CommonOptions,
  work: (journal: Database | null) => Promise<T>,
): Promise<T> {
  const configured = configuredJournal(readConfigurationIfAny(options)) ?? readRunningServices()?.journal ?? null;
  if (configured === null) return work(null);
  const journal = open('journal', configured, 'journal.url', true);
  try {
    const tables = await journal.tables(['caravel_pair', 'caravel_segment']).catch((error: unknown) => {
      if (!(error instanceof DatabaseError)) throw error;
      process.stderr.write(`the journal is out of reach: the plan knows nothing of earlier runs (${error.message})\n`);
      return [];
    });
    return await work(tables.length === 2 ? journal : null);
  } finally {
    await journal.close();
  }
}

/** Runs `work` with both environments of a migration open for reading. */
export async function withEnvironments<T>(
  configuration: Configuration,
  pair: { source: string; destination: string },
  work: (source: Database, destination: Database) => Promise<T>,
): Promise<T> {
  const opened: Database[] = [];
  const openOne = (name: string) => {
    const database = openEnvironment(configuration, name);
    opened.push(database);
    return database;
  };
  try {
    return await work(openOne(pair.source), openOne(pair.destination));
  } finally {
    await Promise.allSettled(opened.map((database) => database.close()));
  }
}
