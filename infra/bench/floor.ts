import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { onDatabase } from '../services/onDatabase.ts';
import { type BenchSide, buildBenchDatabase, orderColumns, orderTable } from './environment.ts';

export interface Measured {
  rows: number;
  seconds: number;
}

/** A database like the source, with everything that orders refer to, and no orders. @returns its URL. */
async function emptyTwin(server: string, name: string, side: BenchSide): Promise<string> {
  const url = await buildBenchDatabase(server, name, { ...side, orders: 1 });
  await onDatabase(url, (client) => client.query(`truncate "${orderTable(side.code)}"`));
  return url;
}

/** The floor: `COPY … TO STDOUT` piped into `COPY … FROM STDIN`, through Node, constraints and index in place. */
export async function measureCopy(server: string, source: string, side: BenchSide): Promise<Measured> {
  const target = await emptyTwin(server, 'floor', side);
  const table = `"${orderTable(side.code)}"`;
  return onDatabase(source, (reader) =>
    onDatabase(target, async (writer) => {
      const started = performance.now();
      await pipeline(
        reader.query(copyTo(`copy ${table} to stdout`)),
        writer.query(copyFrom(`copy ${table} from stdin`)),
      );
      return { rows: side.orders, seconds: (performance.now() - started) / 1_000 };
    }),
  );
}

export const rowByRowRows = 20_000;

/** What a simple script does: one `INSERT … RETURNING` a row, prepared once. */
export async function measureRowByRow(server: string, source: string, side: BenchSide): Promise<Measured> {
  const target = await emptyTwin(server, 'single', side);
  const table = `"${orderTable(side.code)}"`;
  const columns = orderColumns.slice(1);
  const names = columns.map((name) => `"${name}"`).join(', ');
  const { rows } = await onDatabase(source, (reader) =>
    reader.query({ text: `select ${names} from ${table} order by "ID" limit ${rowByRowRows}`, rowMode: 'array' }),
  );
  const insert = `insert into ${table} (${names}) values (${columns.map((_, index) => `$${index + 1}`).join(', ')}) returning "ID"`;
  return onDatabase(target, async (writer) => {
    const started = performance.now();
    for (const values of rows) await writer.query({ name: 'insert', text: insert, values });
    return { rows: rows.length, seconds: (performance.now() - started) / 1_000 };
  });
}
