import { setTimeout as pause } from 'node:timers/promises';
import { alreadyFailed, DatabaseError, lockNotGot, openedReadOnly } from '../errors.ts';
import type { MintedIds, Stage, TableName, Transaction } from '../port.ts';
import { bigInteger, integer, orNull, truth } from '../shape.ts';
import { columnTypeName } from './catalog.ts';
import { serverClock } from './clock.ts';
import { leavesSessionAlive } from './errors.ts';
import { arrayText, quoteIdentifier, quoteTable } from './quoting.ts';
import type { Session, SessionPool } from './session.ts';
import { execute, query, queryCell, queryShaped, run } from './statements.ts';
import {
  clearColumnsOfKeys,
  deleteAnyRows,
  deleteRows,
  deleteRowsOfKeys,
  fillFromStagedRows,
  findStagedTwins,
  insertStagedRows,
  matchStagedRows,
  overwriteFromStagedRows,
  type StagedTable,
  stageRows,
} from './writing.ts';

const lockPollMs = 50;

/**
 * Runs `work` between BEGIN and COMMIT. When COMMIT itself loses the connection, nobody knows whether it took place:
 * that comes out as `unreachable`, like any lost connection.
 * @throws DatabaseError, and whatever `work` throws
 */
export async function runTransaction<T>(pool: SessionPool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const session = await pool.acquire();
  try {
    // A read-only transaction could not stage anything; what writes for good is refused below.
    await run(session, `BEGIN ISOLATION LEVEL READ COMMITTED${pool.readOnly ? ' READ WRITE' : ''}`);
    const result = await work(transactionOn(session, pool.readOnly));
    const end = await run(session, 'COMMIT');
    if (end.command === 'ROLLBACK') throw alreadyFailed(session, '25P02');
    return result;
  } catch (error) {
    if (error instanceof DatabaseError && error.database === session.database && !leavesSessionAlive(error))
      session.broken = true;
    if (!session.broken) await rollBack(session);
    throw error;
  } finally {
    pool.release(session);
  }
}

async function rollBack(session: Session): Promise<void> {
  try {
    await run(session, 'ROLLBACK');
  } catch {
    // The error that led here is the one to report; the connection is closed, which rolls back as well.
    session.broken = true;
  }
}

function transactionOn(session: Session, readOnly: boolean): Transaction {
  const stages = new WeakMap<Stage, StagedTable>();
  let stageCount = 0;
  const staged = (stage: Stage): StagedTable => {
    const table = stages.get(stage);
    if (table === undefined) throw new Error('the stage belongs to another transaction');
    return table;
  };
  const writing = <T>(work: () => Promise<T>): Promise<T> =>
    readOnly ? Promise.reject(openedReadOnly(session.database)) : work();

  function insertStaged(stage: Stage, identity: string): Promise<MintedIds>;
  function insertStaged(stage: Stage, identity: null): Promise<null>;
  function insertStaged(stage: Stage, identity: string | null): Promise<MintedIds | null> {
    return writing(() => insertStagedRows(session, staged(stage), identity));
  }

  return {
    engine: 'postgres',
    query: (statement, shape) => query(session, statement, shape),
    execute: (statement) => writing(() => execute(session, statement)),
    now: () => serverClock(session),
    tryLock: (resource, waitMs) => takeLock(session, resource, waitMs),
    async lock(resource, waitMs) {
      if (!(await takeLock(session, resource, waitMs))) throw lockNotGot(session.database, resource, waitMs);
    },
    maximum: (table, column) => findMaximum(session, table, column),
    count: (table) => countRows(session, table),
    existingKeys: (table, column, keys) => findExistingKeys(session, table, column, keys),
    async stage(table, columns, rows) {
      const stage = await stageRows(session, { temporary: `caravel_stage_${++stageCount}`, table, columns }, rows);
      stages.set(stage, stage);
      return stage;
    },
    insertStaged,
    fillFromStage: (stage, key, columns) => writing(() => fillFromStagedRows(session, staged(stage), key, columns)),
    overwriteFromStage: (stage, key, columns) =>
      writing(() => overwriteFromStagedRows(session, staged(stage), key, columns)),
    matchStaged: (stage, on, columns, range) => matchStagedRows(session, staged(stage), { on, columns, range }),
    stagedTwins: (stage, on) => findStagedTwins(session, staged(stage), on),
    deleteRange: (table, key, range) => writing(() => deleteRows(session, table, key, range)),
    deleteKeys: (table, column, keys) => writing(() => deleteRowsOfKeys(session, { table, column, keys })),
    deleteSome: (table, limit) => writing(() => deleteAnyRows(session, table, limit)),
    clearColumns: (table, key, keys, columns) =>
      writing(() => clearColumnsOfKeys(session, { table, column: key, keys }, columns)),
  };
}

async function findMaximum(session: Session, table: TableName, column: string): Promise<bigint | null> {
  const statement = `SELECT max(${quoteIdentifier(column)}) FROM ${quoteTable(table)}`;
  return orNull(bigInteger)(await queryCell(session, statement, [], { table: table.name }));
}

async function countRows(session: Session, table: TableName): Promise<number> {
  const statement = `SELECT count(*) FROM ${quoteTable(table)}`;
  return integer(await queryCell(session, statement, [], { table: table.name }));
}

/**
 * An advisory lock: the server releases it when the transaction ends, also when the worker dies. Polled, because a lock
 * timeout would abort the transaction.
 */
async function takeLock(session: Session, resource: string, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const statement = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))';
    if (truth(await queryCell(session, statement, [`caravel:${resource}`]))) return true;
    const left = deadline - performance.now();
    if (left <= 0) return false;
    await pause(Math.min(lockPollMs, left));
  }
}

/** Compared as values of the column's type, by its own collation. */
async function findExistingKeys(session: Session, table: TableName, column: string, keys: string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const type = await columnTypeName(session, table, column);
  const found = await queryShaped(
    session,
    `SELECT asked.position FROM unnest($1::${type}[]) WITH ORDINALITY asked (key, position)
     WHERE EXISTS (SELECT FROM ${quoteTable(table)} t WHERE t.${quoteIdentifier(column)} = asked.key)
     ORDER BY asked.position`,
    { position: integer },
    { parameters: [arrayText(keys)], place: { table: table.name } },
  );
  const positions = new Set(found.map(({ position }) => position));
  return keys.filter((_, index) => positions.has(index + 1));
}
