import { CommandError, exitCode } from './exitCodes.ts';

/** Where a database that a command opened is, for messages: no password. */
export interface DatabasePlace {
  name: string;
  /** `host:port` */
  address: string;
  database: string;
  /** Where the address was written. */
  setting: string;
}

const places = new Map<string, DatabasePlace>();

/** The place of a database that this process opened, by its name; null for others. */
export const placeOf = (name: string): DatabasePlace | null => places.get(name) ?? null;

const defaultPorts: Record<string, string> = { 'postgres:': '5432', 'postgresql:': '5432', 'mssql:': '1433' };

/**
 * Remembers where a database is, so that an error can say it.
 * @throws CommandError when the URL cannot be read.
 */
export function notePlace(name: string, url: string, setting: string): void {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    const hint = 'special characters in its password must be percent-encoded';
    throw new CommandError(exitCode.usage, `${setting}: cannot be read as a URL; ${hint}`);
  }
  places.set(name, {
    name: name === 'journal' ? 'the journal' : `environment '${name}'`,
    address: `${parsed.hostname || 'localhost'}:${parsed.port || defaultPorts[parsed.protocol]}`,
    database: decodeURIComponent(parsed.pathname.slice(1)),
    setting,
  });
}
