import { IdentityConflictError } from './identityConflict.ts';

/**
 * Integer pairs of which one side lies beyond `narrowLimit`: 16 bytes a pair, sorted by source id. The platform mints
 * no such ids; manual ids (time stamps, hashes) can be as large.
 */
export class WidePairs {
  #sources = new BigInt64Array(0);
  #destinations = new BigInt64Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#sources.byteLength + this.#destinations.byteLength;
  }

  find(source: bigint): bigint | undefined {
    let low = 0;
    let high = this.#size - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const candidate = this.#sources[middle]!;
      if (candidate === source) return this.#destinations[middle];
      if (candidate < source) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /**
   * Adds pairs in any order; all or none.
   * @throws IdentityConflictError where a source id has another destination already.
   */
  add(pairs: readonly (readonly [bigint, bigint])[]): void {
    const fresh = this.#fresh(pairs);
    if (fresh.length === 0) return;
    this.#reserve(this.#size + fresh.length);
    // From the end backwards, so that nothing is overwritten before it was moved.
    let read = this.#size - 1;
    let write = this.#size + fresh.length - 1;
    for (const [source, destination] of fresh.toReversed()) {
      for (; read >= 0 && this.#sources[read]! > source; read--, write--) {
        this.#sources[write] = this.#sources[read]!;
        this.#destinations[write] = this.#destinations[read]!;
      }
      this.#sources[write] = source;
      this.#destinations[write] = destination;
      write -= 1;
    }
    this.#size += fresh.length;
  }

  /** Pairs ascending by source id. */
  *entries(): Generator<[bigint, bigint]> {
    for (const [place, source] of this.#sources.subarray(0, this.#size).entries()) {
      yield [source, this.#destinations[place]!];
    }
  }

  #fresh(pairs: readonly (readonly [bigint, bigint])[]): (readonly [bigint, bigint])[] {
    const sorted = [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return sorted.filter(([source, destination], index) => {
      const before = sorted[index - 1];
      const held = before?.[0] === source ? before[1] : this.find(source);
      if (held !== undefined && held !== destination) {
        throw new IdentityConflictError(String(source), String(held), String(destination));
      }
      return held === undefined;
    });
  }

  #reserve(count: number): void {
    if (count <= this.#sources.length) return;
    const capacity = Math.max(count, Math.ceil(this.#sources.length * 1.5));
    const sources = new BigInt64Array(capacity);
    const destinations = new BigInt64Array(capacity);
    sources.set(this.#sources.subarray(0, this.#size));
    destinations.set(this.#destinations.subarray(0, this.#size));
    this.#sources = sources;
    this.#destinations = destinations;
  }
}
