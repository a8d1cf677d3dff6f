/** Packed ids that cannot be read: cut short, altered, or written by a later version of Caravel. */
export class DamagedSegmentError extends Error {
  constructor(detail: string) {
    super(`an id map's segment cannot be read (${detail}); restore the journal from its backup`);
    this.name = 'DamagedSegmentError';
  }
}

/** Bytes written one after the other into an array that grows. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Seven bits a byte, lowest first. `value` is an integer from 0 to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Like `varint`, for values of any size. */
  wideVarint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Reads what a `ByteWriter` wrote; every read throws DamagedSegmentError past the end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new DamagedSegmentError('it ends too early');
    this.#position += 1;
    return byte;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let place = 0x80;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * place;
      place *= 0x80;
    } while (byte >= 0x80);
    if (!Number.isSafeInteger(value)) throw new DamagedSegmentError('a number in it is too large');
    return value;
  }

  wideVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** The next bytes, not copied. */
  take(length: number): Uint8Array {
    if (length > this.remaining) throw new DamagedSegmentError('it ends too early');
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }
}
