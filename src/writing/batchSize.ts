/** A batch this quick may grow, one this slow must shrink (milliseconds from its lock to its segment). */
const quickMs = 1_000;
const slowMs = 4_000;
const startRows = 5_000;
const leastRows = 100;
const leastBytes = 256 * 1024;

/**
 * How many rows a batch takes: it starts small and follows the time that batches take to be written. A destination that
 * stalls on large ones (memory grants, a small service tier, log writes) gets small ones; whoever reads pages with it
 * as their bound sees the change at the next batch.
 */
export class BatchSize {
  rows: number;
  bytes: number;
  readonly #most: { rows: number; bytes: number };

  constructor(most: { rows: number; bytes: number }) {
    this.#most = most;
    this.rows = Math.min(startRows, most.rows);
    this.bytes = most.bytes;
  }

  /** @param rows of the batch; one that was not full tells nothing about a larger one. */
  written(rows: number, milliseconds: number): void {
    if (milliseconds > slowMs) {
      this.rows = Math.max(Math.min(leastRows, this.#most.rows), Math.floor(Math.min(this.rows, rows) / 2));
      this.bytes = Math.max(Math.min(leastBytes, this.#most.bytes), Math.floor(this.bytes / 2));
    } else if (milliseconds < quickMs) {
      if (rows >= this.rows) this.rows = Math.min(this.#most.rows, Math.ceil(this.rows * 1.5));
      this.bytes = Math.min(this.#most.bytes, Math.ceil(this.bytes * 1.5));
    }
  }
}
