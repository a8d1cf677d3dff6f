import type { Row, RowRead } from './port.ts';

/** Gathers rows into batches bounded by rows and bytes; a batch may span pages. */
export class RowBatches {
  readonly #batch: RowRead['batch'];
  readonly #ready: Row[][] = [];
  #rows: Row[] = [];
  #bytes = 0;

  constructor(batch: RowRead['batch']) {
    this.#batch = batch;
  }

  /** @param bytes what the row takes, about. */
  add(row: Row, bytes: number): void {
    if (this.#rows.length > 0 && this.#bytes + bytes > this.#batch.bytes) this.#handOver();
    this.#rows.push(row);
    this.#bytes += bytes;
    if (this.#rows.length >= this.#batch.rows) this.#handOver();
  }

  /** The next complete batch. */
  next(): Row[] | undefined {
    return this.#ready.shift();
  }

  /** Complete batches that nobody took yet. */
  get waiting(): number {
    return this.#ready.length;
  }

  /** Rows of the last batch, which is not full. */
  rest(): Row[] {
    return this.#rows;
  }

  #handOver(): void {
    this.#ready.push(this.#rows);
    this.#rows = [];
    this.#bytes = 0;
  }
}

/** Rows of the page after one of `end`'s size: a few batches, no more. */
export function nextPageRows(read: RowRead, end: { rows: number; bytes: number }): number {
  // A page whose rows all went meanwhile says nothing of their size.
  if (end.rows === 0) return firstPageRows(read);
  const fitting = Math.floor((4 * read.batch.bytes * end.rows) / (end.bytes + 1));
  return Math.min(Math.max(fitting, 100), largestPage(read));
}

/** Rows of the first page, of whose size nothing is known. */
export function firstPageRows(read: RowRead): number {
  return Math.min(Math.max(read.batch.rows, 100), largestPage(read));
}

function largestPage(read: RowRead): number {
  return Math.max(4 * read.batch.rows, 10_000);
}
