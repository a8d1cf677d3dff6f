import { timeouts } from '../../config/timeouts.ts';
import { openedReadOnly } from '../errors.ts';
import type { ConnectOptions, Database } from '../port.ts';
import { readTables } from './catalog.ts';
import { readFacts } from './facts.ts';
import { openPool } from './pool.ts';
import { quoteIdentifier } from './quoting.ts';
import { readRows } from './reading.ts';
import { readIdentityPositions, readRights } from './rights.ts';
import { executeCount, queryCells } from './statements.ts';
import { runTransaction } from './transaction.ts';

/**
 * Opens a SQL Server (2016 or later) or Azure SQL database. Connects at the first statement.
 * @throws Error for a URL that says something unknown
 */
export function connectSqlServer(options: ConnectOptions): Database {
  const pool = openPool(options);
  return {
    engine: 'sqlserver',
    name: options.name,
    query: (statement, parameters) =>
      pool.use((session) => {
        session.silence = timeouts.silenceOfQuestion;
        return queryCells(session, statement, parameters);
      }),
    async execute(statement, parameters) {
      if (options.readOnly) throw openedReadOnly(options.name);
      return pool.use((session) => executeCount(session, statement, parameters));
    },
    async version() {
      const rows = await pool.use((session) => queryCells(session, 'SELECT @@VERSION'));
      return (rows[0]![0] as string).split('\n')[0]!.trim();
    },
    facts: () => readFacts(pool),
    tables: (names) => pool.use((session) => readTables(session, names)),
    readRows: (read) => readRows(pool, read),
    transaction: (work) => runTransaction(pool, work),
    rights: (tables) => pool.use((session) => readRights(session, tables)),
    // Every login may make temporary tables.
    mayStage: async () => true,
    identityPositions: (columns) => pool.use((session) => readIdentityPositions(session, columns)),
    quote: quoteIdentifier,
    byteLength: (expression) => `DATALENGTH(${expression})`,
    close: () => pool.close(),
  };
}
