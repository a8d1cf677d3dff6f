/** A shorter time (ms) says nothing about a rate. */
const shortest = 2_000;

/** Rows per second over the last seconds, from samples of a growing count. */
export class RateMeter {
  readonly #window: number;
  #samples: { at: number; rows: number }[] = [];

  /** @param window milliseconds */
  constructor(window = 10_000) {
    this.#window = window;
  }

  /** Takes a sample, at a time in ms, and gives the rate now; 0 in the first two seconds. */
  sample(rows: number, at: number = performance.now()): number {
    const latest = { at, rows };
    const samples = [...this.#samples, latest];
    // The oldest sample kept is the last one that lies before the window.
    const lastBefore = samples.findLastIndex((sample) => sample.at <= at - this.#window);
    this.#samples = samples.slice(Math.max(0, Math.min(lastBefore, samples.length - 2)));
    const [first = latest] = this.#samples;
    return at - first.at < shortest ? 0 : ((rows - first.rows) * 1_000) / (at - first.at);
  }
}
