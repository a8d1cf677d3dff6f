import type { ConnectOptions, Database } from './port.ts';
import { connectPostgres } from './postgres/connect.ts';

/**
 * Opens a database by the scheme of its URL. Connects lazily: nothing is sent before the first statement.
 * @throws Error for a scheme other than `postgres`/`postgresql` (SQL Server has its own issue).
 */
export function connect(options: ConnectOptions): Database {
  const scheme = options.url.slice(0, options.url.indexOf(':'));
  if (scheme === 'postgres' || scheme === 'postgresql') return connectPostgres(options);
  throw new Error(`${options.name}: this version has no adapter for '${scheme}:' databases`);
}
