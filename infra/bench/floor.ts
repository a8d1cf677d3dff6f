import { connect } from '../../src/database/connect.ts';
import type { Database, Row, Transaction } from '../../src/database/port.ts';
import type { BenchEngine, BenchSide, Measured } from './engine.ts';
import { buildBenchDatabase, orderColumns, orderTable } from './environment.ts';

/** A database like the source, with everything that orders refer to, and no orders. @returns its URL. */
async function emptyTwin(engine: BenchEngine, name: string, side: BenchSide): Promise<string> {
  const url = await buildBenchDatabase(engine, name, { ...side, orders: 1 });
  await engine.empty(url, orderTable(side.code));
  return url;
}

async function timed(rows: number, work: () => Promise<void>): Promise<Measured> {
  const started = performance.now();
  await work();
  return { rows, seconds: (performance.now() - started) / 1_000 };
}

/** The floor: the same rows into the same constrained table, through Node, as fast as the engine lets a client. */
export async function measureCopy(engine: BenchEngine, source: string, side: BenchSide): Promise<Measured> {
  const target = await emptyTwin(engine, 'floor', side);
  return timed(side.orders, () => engine.copyTable(source, target, orderTable(side.code)));
}

/** What a simple script does: one insert a row, its new id awaited. */
export async function measureRowByRow(
  engine: BenchEngine,
  source: string,
  side: BenchSide,
  rows: number,
): Promise<Measured> {
  const target = await emptyTwin(engine, 'single', side);
  return timed(rows, () => engine.insertEach(source, target, orderTable(side.code), orderColumns.slice(1), rows));
}

/**
 * What staging a batch costs before its first row: the time for one row against that for `rows`, the middle of several.
 * Everything is rolled back.
 */
export async function measureSetUp(source: string, side: BenchSide, rows: number): Promise<{ share: number }> {
  const database = connect({ name: 'source', url: source, readOnly: false, pool: 2 });
  try {
    const [table] = await database.tables([orderTable(side.code)]);
    const target = { schema: table!.schema, name: table!.name };
    const columns = table!.columns.map(({ name }) => name);
    let some: Row[] = [];
    for await (const batch of database.readRows({
      table: target,
      columns,
      key: columns[0]!,
      batch: { rows, bytes: 1 << 26 },
    })) {
      some = batch;
      break;
    }
    const time = async (count: number) => {
      const times: number[] = [];
      for (let round = 0; round < 9; round++) {
        await rolledBack(database, async (transaction) => {
          const started = performance.now();
          await transaction.stage(target, columns, some.slice(0, count));
          times.push(performance.now() - started);
        });
      }
      return times.sort((a, b) => a - b)[4]!;
    };
    await time(rows);
    return { share: (await time(1)) / (await time(rows)) };
  } finally {
    await database.close();
  }
}

async function rolledBack(database: Database, work: (transaction: Transaction) => Promise<void>): Promise<void> {
  const enough = new Error('enough');
  await database
    .transaction(async (transaction) => {
      await work(transaction);
      throw enough;
    })
    .catch((error: unknown) => {
      if (error !== enough) throw error;
    });
}
