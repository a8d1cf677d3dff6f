import { timeouts } from '../../config/timeouts.ts';
import type { ConnectOptions, Database } from '../port.ts';
import { readTables } from './catalog.ts';
import { readFacts } from './facts.ts';
import { quoteIdentifier } from './quoting.ts';
import { readRows } from './reading.ts';
import { mayStage, readIdentityPositions, readRights } from './rights.ts';
import { openPool } from './session.ts';
import { executeCount, queryCells } from './statements.ts';
import { runTransaction } from './transaction.ts';

/** Opens a PostgreSQL database (13 or later). Connects at the first statement. */
export function connectPostgres(options: ConnectOptions): Database {
  const pool = openPool(options);
  return {
    engine: 'postgres',
    name: options.name,
    query: (statement, parameters) =>
      pool.use((session) => {
        session.silence = timeouts.silenceOfQuestion;
        return queryCells(session, statement, parameters);
      }),
    execute: (statement, parameters) => pool.use((session) => executeCount(session, statement, parameters)),
    async version() {
      const rows = await pool.use((session) => queryCells(session, 'SELECT version()'));
      return rows[0]![0] as string;
    },
    facts: () => pool.use(readFacts),
    tables: (names) => pool.use((session) => readTables(session, names)),
    readRows: (read) => readRows(pool, read),
    transaction: (work) => runTransaction(pool, work),
    rights: (tables) => pool.use((session) => readRights(session, tables)),
    mayStage: () => pool.use(mayStage),
    identityPositions: (columns) => pool.use((session) => readIdentityPositions(session, columns)),
    quote: quoteIdentifier,
    byteLength: (expression) => `octet_length(${expression})`,
    close: () => pool.close(),
  };
}
