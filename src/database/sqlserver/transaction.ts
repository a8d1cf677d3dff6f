import { ISOLATION_LEVEL } from 'tedious';
import { alreadyFailed, DatabaseError, lockNotGot, openedReadOnly } from '../errors.ts';
import type { MintedIds, Stage, TableName, Transaction } from '../port.ts';
import { bigInteger, integer, orNull } from '../shape.ts';
import { transferOf } from './cells.ts';
import { serverClock } from './clock.ts';
import type { ColumnType } from './columnTypes.ts';
import { leavesSessionAlive, toDatabaseError } from './errors.ts';
import { quoteIdentifier, quoteTable } from './quoting.ts';
import { failureOn, type Session, type SessionPool, watch } from './session.ts';
import { execute, query, queryCell, queryShaped, runBatch } from './statements.ts';
import {
  amongAskedKeys,
  askedKeysTable,
  clearColumnsOfKeys,
  deleteAnyRows,
  deleteRows,
  deleteRowsOfKeys,
  dropStatement,
  fillFromStagedRows,
  findStagedTwins,
  insertStagedRows,
  matchStagedRows,
  overwriteFromStagedRows,
  type StagedTable,
  stageRows,
  temporaryTables,
} from './writing.ts';

const longestResource = 255;

/**
 * Runs `work` in one transaction. A statement that failed ends it: XACT_ABORT has rolled it back on the server, and
 * what came after would stand by itself. When the commit itself loses the connection, nobody knows whether it took
 * place: that comes out as `unreachable`, like any lost connection.
 * @throws DatabaseError, and whatever `work` throws
 */
export async function runTransaction<T>(pool: SessionPool, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const session = await pool.acquire();
  const state: TransactionState = { session, readOnly: pool.readOnly, stages: new Map(), count: 0, failed: null };
  try {
    // The request's isolation level stays with the session.
    session.altered = pool.readOnly;
    await control(session, 'begin');
    const result = await work(transactionOn(state));
    if (state.failed !== null) throw alreadyFailed(session, state.failed.number, state.failed);
    const temporary = [...state.stages.values()].flatMap(temporaryTables);
    if (temporary.length > 0) await runBatch(session, dropStatement(temporary));
    await control(session, 'commit');
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

interface TransactionState {
  session: Session;
  readOnly: boolean;
  stages: Map<Stage, StagedTable>;
  count: number;
  /** The first error of a statement: nothing runs after it. */
  failed: DatabaseError | null;
}

/** Through the protocol's own requests, so that the driver knows of the transaction. */
function control(session: Session, what: 'begin' | 'commit' | 'rollback'): Promise<void> {
  return new Promise((resolve, reject) => {
    const unwatch = watch(session);
    const done = (error: Error | null | undefined) => {
      unwatch();
      if (error) reject(failureOn(session, error));
      else resolve();
    };
    const { connection } = session;
    if (what === 'begin') connection.beginTransaction(done, '', ISOLATION_LEVEL.READ_COMMITTED);
    else if (what === 'commit') connection.commitTransaction(done);
    else connection.rollbackTransaction(done);
  });
}

/** There is no transaction to roll back: XACT_ABORT has done it. */
const noTransaction = '3903';

async function rollBack(session: Session): Promise<void> {
  try {
    await control(session, 'rollback');
  } catch (error) {
    // The error that led here is the one to report; a connection that is closed rolls back as well.
    if ((error as DatabaseError).number !== noTransaction) session.broken = true;
  }
}

function transactionOn(state: TransactionState): Transaction {
  const { session, stages } = state;
  const staged = (stage: Stage): StagedTable => {
    const table = stages.get(stage);
    if (table === undefined) throw new Error('the stage belongs to another transaction');
    return table;
  };
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.failed !== null) throw alreadyFailed(session, state.failed.number, state.failed);
    try {
      return await work();
    } catch (error) {
      if (error instanceof DatabaseError) state.failed = error;
      throw error;
    }
  };
  const writing = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.readOnly) throw openedReadOnly(session.database);
    return guarded(work);
  };

  function insertStaged(stage: Stage, identity: string): Promise<MintedIds>;
  function insertStaged(stage: Stage, identity: null): Promise<null>;
  function insertStaged(stage: Stage, identity: string | null): Promise<MintedIds | null> {
    return writing(() => insertStagedRows(session, staged(stage), identity));
  }

  return {
    engine: 'sqlserver',
    query: (statement, shape) => guarded(() => query(session, statement, shape)),
    execute: (statement) => writing(() => execute(session, statement)),
    now: () => guarded(() => serverClock(session)),
    tryLock: (resource, waitMs) => guarded(() => takeLock(session, resource, waitMs)),
    async lock(resource, waitMs) {
      const got = await guarded(() => takeLock(session, resource, waitMs));
      if (!got) throw lockNotGot(session.database, resource, waitMs);
    },
    maximum: (table, column) => guarded(() => findMaximum(session, table, column)),
    count: (table) => guarded(() => countRows(session, table)),
    existingKeys: (table, column, keys) => guarded(() => findExistingKeys(session, table, column, keys)),
    stage: (table, columns, rows) =>
      guarded(async () => {
        const stage = await stageRows(session, { temporary: `#caravel_stage_${++state.count}`, table, columns }, rows);
        stages.set(stage, stage);
        return stage;
      }),
    insertStaged,
    fillFromStage: (stage, key, columns) => writing(() => fillFromStagedRows(session, staged(stage), key, columns)),
    overwriteFromStage: (stage, key, columns) =>
      writing(() => overwriteFromStagedRows(session, staged(stage), key, columns)),
    matchStaged: (stage, on, columns, range) =>
      guarded(() => matchStagedRows(session, staged(stage), { on, columns, range })),
    stagedTwins: (stage, on) => guarded(() => findStagedTwins(session, staged(stage), on)),
    deleteRange: (table, key, range) => writing(() => deleteRows(session, table, key, range)),
    deleteKeys: (table, column, keys) => writing(() => deleteRowsOfKeys(session, { table, column, keys })),
    deleteSome: (table, limit) => writing(() => deleteAnyRows(session, table, limit)),
    clearColumns: (table, key, keys, columns) =>
      writing(() => clearColumnsOfKeys(session, { table, column: key, keys }, columns)),
  };
}

async function findMaximum(session: Session, table: TableName, column: string): Promise<bigint | null> {
  const maximum = await queryCell(session, maximumQuestion(table, column), [], { table: table.name });
  return orNull(bigInteger)(maximum);
}

/** As text: MAX of a decimal identity would come as a double. */
export function maximumQuestion(table: TableName, column: string): string {
  return `SELECT CAST(MAX(${quoteIdentifier(column)}) AS varchar(41)) FROM ${quoteTable(table)}`;
}

async function countRows(session: Session, table: TableName): Promise<number> {
  return integer(await queryCell(session, countQuestion(table), [], { table: table.name }));
}

export function countQuestion(table: TableName): string {
  return `SELECT COUNT_BIG(*) FROM ${quoteTable(table)}`;
}

export const lockStatement = `DECLARE @granted int;
EXEC @granted = sp_getapplock @Resource = @p0, @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = @p1;
SELECT @granted`;

/**
 * An application lock, owned by the transaction: the server releases it when that ends, also when the worker dies
 * (Microsoft's documentation, "sp_getapplock"). It needs no right beyond the database's public role.
 */
async function takeLock(session: Session, resource: string, waitMs: number): Promise<boolean> {
  const name = `caravel:${resource}`;
  if (name.length > longestResource) throw new Error(`the name of a lock is too long: ${name}`);
  const granted = integer(await queryCell(session, lockStatement, [name, Math.ceil(waitMs)]));
  if (granted >= 0) return true;
  if (granted === -1) return false;
  throw toDatabaseError({ number: granted === -3 ? 1205 : -999 }, { database: session.database });
}

/** Compared as values of the column's type, by its own collation. */
async function findExistingKeys(session: Session, table: TableName, column: string, keys: string[]): Promise<string[]> {
  if (keys.length === 0) return [];
  const found = await amongAskedKeys(session, { table, column, keys }, (type) =>
    queryShaped(
      session,
      existingQuestion(table, column, type),
      { position: integer },
      { place: { table: table.name } },
    ),
  );
  const positions = new Set(found.map(({ position }) => position));
  return keys.filter((_, index) => positions.has(index));
}

export function existingQuestion(table: TableName, column: string, type: ColumnType): string {
  const key = transferOf(type).write('[asked].[key]');
  return `SELECT [asked].[position] FROM ${askedKeysTable} AS [asked]
WHERE EXISTS (SELECT 1 FROM ${quoteTable(table)} AS [t] WHERE [t].${quoteIdentifier(column)} = ${key})
ORDER BY [asked].[position]`;
}
