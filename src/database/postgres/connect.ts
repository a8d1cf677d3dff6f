import { timeouts } from '../../config/timeouts.ts';
import type { ConnectOptions, Database } from '../port.ts';
import { text } from '../shape.ts';
import { statementText } from '../sql.ts';
import { readTables } from './catalog.ts';
import { serverClock } from './clock.ts';
import { dialect } from './dialect.ts';
import { readFacts } from './facts.ts';
import { quoteIdentifier } from './quoting.ts';
import { readRows } from './reading.ts';
import { mayStage, readIdentityPositions, readRights, reseedText } from './rights.ts';
import { openPool } from './session.ts';
import { execute, executeCount, query, queryCell } from './statements.ts';
import { runTransaction } from './transaction.ts';

/** Opens a PostgreSQL database (13 or later). Connects at the first statement. */
export function connectPostgres(options: ConnectOptions): Database {
  const pool = openPool(options);
  return {
    engine: 'postgres',
    name: options.name,
    query: (statement, shape) =>
      pool.use((session) => {
        session.silence = timeouts.silenceOfQuestion;
        return query(session, statement, shape);
      }),
    execute: (statement) => pool.use((session) => execute(session, statement)),
    now: () => pool.use(serverClock),
    version: () => pool.use(async (session) => text(await queryCell(session, 'SELECT version()'))),
    facts: () => pool.use(readFacts),
    tables: (names) => pool.use((session) => readTables(session, names)),
    readRows: (read) => readRows(pool, read),
    transaction: (work) => runTransaction(pool, work),
    rights: (tables) => pool.use((session) => readRights(session, tables)),
    mayStage: () => pool.use(mayStage),
    identityPositions: (columns) => pool.use((session) => readIdentityPositions(session, columns)),
    textOf: (statement) => statementText(statement, dialect),
    reseedText,
    async reclaim(table) {
      await pool.use((session) => executeCount(session, `VACUUM ${quoteIdentifier(table)}`));
    },
    close: () => pool.close(),
  };
}
