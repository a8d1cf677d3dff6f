import xxhash from 'xxhash-wasm';
import type { Cell } from '../database/port.ts';

const { h64 } = await xxhash();

/** Hash of the content of a row whose cells are in the port's canonical form (xxHash64). */
export function hashOfCells(cells: readonly Cell[]): bigint {
  const parts = cells.map((cell) => {
    if (cell === null) return 'null';
    const text = typeof cell === 'string' ? cell : Buffer.from(cell).toString('hex');
    return `${typeof cell === 'string' ? 'text' : 'bytes'} ${text.length} ${text}`;
  });
  return h64(parts.join(';'));
}

/** Hashes of rows, gathered before any is looked for: 8 bytes a row. */
export class GatheredHashes {
  #hashes = new BigUint64Array(1024);
  #size = 0;

  add(hash: bigint): void {
    if (this.#size === this.#hashes.length) {
      const grown = new BigUint64Array(Math.ceil(this.#size * 1.5));
      grown.set(this.#hashes);
      this.#hashes = grown;
    }
    this.#hashes[this.#size++] = hash;
  }

  /** They can be looked for; nothing is added any more. */
  awaited(): AwaitedHashes {
    const sorted = this.#hashes.subarray(0, this.#size).sort();
    const times = new Uint32Array(sorted.length);
    let distinct = 0;
    for (const hash of sorted) {
      if (distinct === 0 || sorted[distinct - 1] !== hash) sorted[distinct++] = hash;
      times[distinct - 1]! += 1;
    }
    return new AwaitedHashes(sorted.subarray(0, distinct), times);
  }
}

/** Hashes with the number of times each still has to be found, 12 bytes a row. */
export class AwaitedHashes {
  readonly #hashes: BigUint64Array;
  readonly #times: Uint32Array;

  /** @param hashes each once, ascending. */
  constructor(hashes: BigUint64Array, times: Uint32Array) {
    this.#hashes = hashes;
    this.#times = times;
  }

  /** @returns whether the hash was awaited; each addition is found once. */
  find(hash: bigint): boolean {
    let low = 0;
    let high = this.#hashes.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const at = this.#hashes[middle]!;
      if (at === hash) {
        if (this.#times[middle] === 0) return false;
        this.#times[middle]! -= 1;
        return true;
      }
      if (at < hash) low = middle + 1;
      else high = middle - 1;
    }
    return false;
  }
}
