import xxhash from 'xxhash-wasm';
import type { Row } from '../database/port.ts';

const { h64 } = await xxhash();

/**
 * Fingerprints of rows, 8 bytes each, over the cells at `indexes`. Cells are in the port's canonical form on both
 * sides, so that what was sent and what is read back from the destination have the same fingerprint.
 */
export function fingerprints(rows: readonly Row[], indexes: readonly number[]): BigUint64Array {
  const prints = new BigUint64Array(rows.length);
  for (let i = 0; i < rows.length; i++) prints[i] = fingerprint(rows[i]!, indexes);
  return prints;
}

/** Fingerprint of one row (xxHash64). Lengths separate the cells, so that ('ab','c') and ('a','bc') differ. */
export function fingerprint(row: Row, indexes: readonly number[]): bigint {
  let text = '';
  for (const index of indexes) {
    const cell = row[index]!;
    if (cell === null) text += '-';
    else if (typeof cell === 'string') text += `${cell.length}:${cell}`;
    else text += `${cell.length}b${Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString('latin1')}`;
  }
  return h64(text);
}

/** As kept in the journal: little-endian, 8 bytes a row. */
export function packFingerprints(prints: BigUint64Array): Uint8Array {
  return new Uint8Array(prints.buffer, prints.byteOffset, prints.byteLength);
}

export function unpackFingerprints(bytes: Uint8Array): BigUint64Array {
  const copy = bytes.slice();
  return new BigUint64Array(copy.buffer, 0, copy.byteLength / 8);
}
