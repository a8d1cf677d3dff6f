import { IdentityConflictError } from './identityConflict.ts';
import type { IdMap } from './idMap.ts';
import { narrowLimit, parseNarrow, parseWide } from './integerId.ts';
import { RunTable } from './runTable.ts';
import { decodeSegment, type IntegerPairs } from './segment.ts';
import { WidePairs } from './widePairs.ts';

const wideLimit = BigInt(narrowLimit);

/**
 * Id map of an entity with integer ids on both sides, exact over 64 bits. It grows by segments. A lookup is a binary
 * search over runs, about 12 bytes of memory each; an id whose text is not canonical (`007`, ` 7`) is not found.
 */
export class NumericIdMap implements IdMap {
  readonly #runs = new RunTable();
  readonly #wide = new WidePairs();
  /** The last answer: neighbouring rows often refer to the same row. */
  #asked = '';
  #answered: string | undefined = undefined;

  get size(): number {
    return this.#runs.size + this.#wide.size;
  }

  /** Memory held by the pairs, in bytes. */
  get bytes(): number {
    return this.#runs.bytes + this.#wide.bytes;
  }

  get(sourceId: string): string | undefined {
    if (sourceId === this.#asked) return this.#answered;
    const narrow = this.#runs.find(parseNarrow(sourceId));
    const answer = !Number.isNaN(narrow) ? String(narrow) : this.#wide.size > 0 ? this.#findWide(sourceId) : undefined;
    this.#asked = sourceId;
    this.#answered = answer;
    return answer;
  }

  has(sourceId: string): boolean {
    return this.get(sourceId) !== undefined;
  }

  /**
   * Adds a segment made by `encodeSegment`. Pairs that are here already change nothing.
   * @throws IdentityConflictError where a source id would get a second destination (the map is of no use then);
   * DamagedSegmentError.
   */
  add(content: Uint8Array): void {
    const pairs = decodeSegment(content);
    this.#asked = '';
    this.#answered = undefined;
    if (pairs.sources instanceof Float64Array && pairs.destinations instanceof Float64Array && this.#wide.size === 0) {
      this.#runs.add(pairs.sources, pairs.destinations);
    } else {
      this.#addMixed(pairs);
    }
  }

  /** Pairs ascending by source id, as the databases write them. */
  *entries(): Generator<[string, string]> {
    const wide = this.#wide.entries();
    let next = wide.next();
    for (const [source, destination] of this.#runs.entries()) {
      for (; !next.done && next.value[0] < source; next = wide.next()) yield textPair(next.value);
      yield [String(source), String(destination)];
    }
    for (; !next.done; next = wide.next()) yield textPair(next.value);
  }

  #findWide(sourceId: string): string | undefined {
    const source = parseWide(sourceId);
    const destination = source === undefined ? undefined : this.#wide.find(source);
    return destination === undefined ? undefined : String(destination);
  }

  #addMixed({ sources, destinations }: IntegerPairs): void {
    const narrowSources: number[] = [];
    const narrowDestinations: number[] = [];
    const wide: [bigint, bigint][] = [];
    for (let index = 0; index < sources.length; index++) {
      const source = BigInt(sources[index]!);
      const destination = BigInt(destinations[index]!);
      if (!isNarrow(source) || !isNarrow(destination)) {
        wide.push([source, destination]);
        continue;
      }
      const held = this.#wide.find(source);
      if (held !== undefined) throw new IdentityConflictError(String(source), String(held), String(destination));
      narrowSources.push(Number(source));
      narrowDestinations.push(Number(destination));
    }
    this.#runs.add(Float64Array.from(narrowSources), Float64Array.from(narrowDestinations));
    for (const [source, destination] of wide) {
      const held = isNarrow(source) ? this.#runs.find(Number(source)) : Number.NaN;
      if (!Number.isNaN(held)) throw new IdentityConflictError(String(source), String(held), String(destination));
    }
    this.#wide.add(wide);
  }
}

function isNarrow(id: bigint): boolean {
  return id > -wideLimit && id < wideLimit;
}

function textPair([source, destination]: readonly [bigint, bigint]): [string, string] {
  return [String(source), String(destination)];
}
