import { timeouts } from '../../config/timeouts.ts';
import { openedReadOnly } from '../errors.ts';
import type { ConnectOptions, Database } from '../port.ts';
import { text } from '../shape.ts';
import { statementText } from '../sql.ts';
import { readTables } from './catalog.ts';
import { serverClock } from './clock.ts';
import { dialect } from './dialect.ts';
import { readFacts } from './facts.ts';
import { openPool } from './pool.ts';
import { readRows } from './reading.ts';
import { readIdentityPositions, readRights, reseedText } from './rights.ts';
import { execute, query, queryCell } from './statements.ts';
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
    query: (statement, shape) =>
      pool.use((session) => {
        session.silence = timeouts.silenceOfQuestion;
        return query(session, statement, shape);
      }),
    async execute(statement) {
      if (options.readOnly) throw openedReadOnly(options.name);
      return pool.use((session) => execute(session, statement));
    },
    now: () => pool.use(serverClock),
    async version() {
      const told = text(await pool.use((session) => queryCell(session, 'SELECT @@VERSION')));
      const [product = told] = told.split('\n');
      return product.trim();
    },
    facts: () => readFacts(pool),
    tables: (names) => pool.use((session) => readTables(session, names)),
    readRows: (read) => readRows(pool, read),
    transaction: (work) => runTransaction(pool, work),
    rights: (tables) => pool.use((session) => readRights(session, tables)),
    // Every login may make temporary tables.
    mayStage: async () => true,
    identityPositions: (columns) => pool.use((session) => readIdentityPositions(session, columns)),
    textOf: (statement) => statementText(statement, dialect),
    reseedText,
    // The server gives it back by itself.
    reclaim: async () => {},
    close: () => pool.close(),
  };
}
