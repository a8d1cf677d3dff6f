/** Ids of one page, an eighth of a byte each. */
const pageIds = 4096;

/**
 * A set of integer ids, exact over 64 bits. Ids that an identity mints lie close together: a million of them take some
 * 130 kB.
 */
export class IdSet {
  readonly #pages = new Map<number, Uint8Array>();
  /** Ids that a JavaScript number cannot hold. */
  readonly #wide = new Set<bigint>();

  /** @returns false when it was there before. */
  add(id: string): boolean {
    const number = Number(id);
    if (!Number.isSafeInteger(number)) {
      const sizeBefore = this.#wide.size;
      return this.#wide.add(BigInt(id)).size > sizeBefore;
    }
    const page = Math.floor(number / pageIds);
    const place = number - page * pageIds;
    let bits = this.#pages.get(page);
    if (bits === undefined) {
      bits = new Uint8Array(pageIds / 8);
      this.#pages.set(page, bits);
    }
    const mask = 1 << (place & 7);
    const byte = bits[place >> 3]!;
    if ((byte & mask) !== 0) return false;
    bits[place >> 3] = byte | mask;
    return true;
  }

  /** A text that is no integer is in no set. */
  has(id: string): boolean {
    const number = Number(id);
    if (!Number.isSafeInteger(number)) return /^-?\d+$/.test(id) && this.#wide.has(BigInt(id));
    const page = Math.floor(number / pageIds);
    const place = number - page * pageIds;
    return ((this.#pages.get(page)?.[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
  }

  /** Ids in (`after`, `upTo`]; null leaves an end open. */
  count({ after, upTo }: { after: bigint | null; upTo: bigint | null }): number {
    const inside = (id: bigint) => (after === null || id > after) && (upTo === null || id <= upTo);
    let count = 0;
    for (const id of this.#wide) if (inside(id)) count += 1;
    for (const [page, bits] of this.#pages) {
      const first = BigInt(page) * BigInt(pageIds);
      const isWhole = inside(first) && inside(first + BigInt(pageIds - 1));
      count += countBits(bits, (place) => isWhole || inside(first + BigInt(place)));
    }
    return count;
  }
}

/** How many bits are set, of those whose place counts. */
function countBits(bits: Uint8Array, counts: (place: number) => boolean): number {
  let count = 0;
  let start = 0;
  for (const byte of bits) {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0 && counts(start + bit)) count += 1;
    start += 8;
  }
  return count;
}
