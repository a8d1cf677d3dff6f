import type { ConnectOptions, Database } from './port.ts';
import { connectPostgres } from './postgres/connect.ts';
import { connectSqlServer } from './sqlserver/connect.ts';

/**
 * Opens a database by the scheme of its URL. Connects lazily: nothing is sent before the first statement.
 * @throws Error for an unknown scheme, or an option of the URL that the engine does not know.
 */
export function connect(options: ConnectOptions): Database {
  const scheme = options.url.slice(0, options.url.indexOf(':'));
  if (scheme === 'postgres' || scheme === 'postgresql') return connectPostgres(options);
  if (scheme === 'mssql') return connectSqlServer(options);
  throw new Error(`${options.name}: there is no adapter for '${scheme}:' databases, only for mssql: and postgres:`);
}
