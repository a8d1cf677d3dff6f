import type { BenchEngine, Measured } from './engine.ts';
import { type BenchSide, buildBenchDatabase, orderColumns, orderTable } from './environment.ts';

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
