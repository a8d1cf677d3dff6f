/**
 * Integer ids as numbers. Text is canonical as the databases write it: no plus sign, no leading zeros, no `-0`;
 * anything else is not an integer id, so that text comes back exactly as it went in.
 */

/**
 * Ids whose magnitude lies below this are handled as JavaScript numbers; the others as BigInt. It leaves room to
 * subtract, double and flag them without ever leaving the integers that a number holds exactly (2^53).
 */
export const narrowLimit = 2 ** 50;

const smallest = -(2n ** 63n);
const largest = 2n ** 63n - 1n;

/** Integer ids: as numbers when each is below `narrowLimit` in magnitude, else as 64-bit integers. */
export type IntegerIds = Float64Array | BigInt64Array;

/** The number a canonical id stands for; NaN where the text is not canonical or the id is too large for a number. */
export function parseNarrow(id: string): number {
  const { length } = id;
  let index = 0;
  let negative = false;
  if (length > 0 && id.charCodeAt(0) === 45) {
    negative = true;
    index = 1;
  }
  const digits = length - index;
  if (digits === 0 || digits > 16) return Number.NaN;
  let value = id.charCodeAt(index) - 48;
  if (value < 0 || value > 9 || (value === 0 && length > 1)) return Number.NaN;
  for (index += 1; index < length; index++) {
    const digit = id.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  if (value >= narrowLimit) return Number.NaN;
  return negative ? -value : value;
}

/** The 64-bit integer a canonical id stands for; undefined where the text is not one. */
export function parseWide(id: string): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(id)) return undefined;
  const value = BigInt(id);
  return value >= smallest && value <= largest ? value : undefined;
}

/** Ids as integers; undefined where one of them is not a canonical 64-bit integer. */
export function parseIntegerIds(ids: readonly string[]): IntegerIds | undefined {
  const narrow = new Float64Array(ids.length);
  let place = 0;
  for (const id of ids) {
    const value = parseNarrow(id);
    if (Number.isNaN(value)) return parseWideIds(ids);
    narrow[place++] = value;
  }
  return narrow;
}

function parseWideIds(ids: readonly string[]): BigInt64Array | undefined {
  const wide = new BigInt64Array(ids.length);
  let place = 0;
  for (const id of ids) {
    const value = parseWide(id);
    if (value === undefined) return undefined;
    wide[place++] = value;
  }
  return wide;
}

/** @throws RangeError for an id outside 64 bits. */
export function integerIdsOf(ids: readonly bigint[]): IntegerIds {
  const limit = BigInt(narrowLimit);
  if (ids.every((id) => id > -limit && id < limit)) return Float64Array.from(ids, Number);
  const outside = ids.find((id) => id < smallest || id > largest);
  if (outside !== undefined) throw new RangeError(`id ${outside} does not fit 64 bits`);
  return BigInt64Array.from(ids);
}
