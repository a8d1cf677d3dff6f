import { IdentityConflictError } from './identityConflict.ts';

type Ids = Int32Array | Float64Array;

/** Longest run that its length column holds. */
const longestRun = 2 ** 32 - 1;
/** Runs searched on either side of a guessed place at first. */
const guessWindow = 16;
const smallestNarrow = -(2 ** 31);
const largestNarrow = 2 ** 31 - 1;

/**
 * Integer pairs below `narrowLimit` as runs: consecutive source ids with consecutive destination ids are one entry of
 * (source, destination, length). 12 bytes a run while all ids fit 32 bits, 20 beyond. Sorted by source id.
 */
export class RunTable {
  #sources: Ids = new Int32Array(16);
  #destinations: Ids = new Int32Array(16);
  #lengths = new Uint32Array(16);
  #runs = 0;
  #size = 0;
  /** Where the last lookup ended: the next is often near. */
  #last = 0;

  /** Pairs. */
  get size(): number {
    return this.#size;
  }

  get runs(): number {
    return this.#runs;
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#sources.byteLength + this.#destinations.byteLength + this.#lengths.byteLength;
  }

  /** The destination id of a source id; NaN where there is none. */
  find(source: number): number {
    const sources = this.#sources;
    let low = 0;
    let high = this.#runs - 1;
    const last = this.#last;
    if (last <= high) {
      const distance = source - sources[last]!;
      if (distance < 0) {
        high = last - 1;
      } else if (distance < this.#lengths[last]!) {
        return this.#destinations[last]! + distance;
      } else if (last === high || source < sources[last + 1]!) {
        return Number.NaN;
      } else {
        low = last + 1;
      }
    }
    // The last run that starts at or before the id, `low - 1` where there is none. Ids lie about evenly, so its place is
    // guessed, and the window around the guess doubled until it holds the run: few steps, and memory touched in one place.
    if (high - low > guessWindow) {
      const first = sources[low]!;
      const share = (source - first) / (sources[high]! - first);
      const guess = low + Math.floor(Math.min(Math.max(share, 0), 1) * (high - low));
      let reach = guessWindow;
      if (sources[guess]! <= source) {
        low = guess + 1;
        while (guess + reach < high && sources[guess + reach]! <= source) {
          low = guess + reach + 1;
          reach *= 2;
        }
        high = Math.min(high, guess + reach);
      } else {
        high = guess - 1;
        while (guess - reach > low && sources[guess - reach]! > source) {
          high = guess - reach - 1;
          reach *= 2;
        }
        low = Math.max(low, guess - reach);
      }
    }
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (sources[middle]! <= source) low = middle + 1;
      else high = middle - 1;
    }
    if (high < 0) return Number.NaN;
    this.#last = high;
    const distance = source - sources[high]!;
    return distance < this.#lengths[high]! ? this.#destinations[high]! + distance : Number.NaN;
  }

  /**
   * Adds pairs in any order; all or none.
   * @throws IdentityConflictError where a source id has another destination already.
   */
  add(sources: Float64Array, destinations: Float64Array): void {
    const fresh = this.#fresh(...sortedBySource(sources, destinations));
    if (fresh.sources.length === 0) return;
    const place = this.#firstRunAfter(fresh.sources[0]!);
    if (place < this.#runs) this.#merge(place, fresh);
    else this.#append(fresh);
    this.#size += fresh.sources.length;
  }

  /** Pairs ascending by source id. */
  *entries(): Generator<[number, number]> {
    for (let run = 0; run < this.#runs; run++) {
      const source = this.#sources[run]!;
      const destination = this.#destinations[run]!;
      const length = this.#lengths[run]!;
      for (let index = 0; index < length; index++) yield [source + index, destination + index];
    }
  }

  /** Of pairs sorted by source id, those that are not here yet, each once. */
  #fresh(sources: Float64Array, destinations: Float64Array): { sources: Float64Array; destinations: Float64Array } {
    const beyond = this.#firstUnusedId();
    let kept = 0;
    // Nothing is copied while nothing has to be left out, which is the rule.
    let keptSources = sources;
    let keptDestinations = destinations;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!;
      const destination = destinations[index]!;
      const twice = index > 0 && sources[index - 1] === source;
      const held = twice ? destinations[index - 1]! : source < beyond ? this.find(source) : Number.NaN;
      if (!Number.isNaN(held)) {
        if (held !== destination) throw new IdentityConflictError(String(source), String(held), String(destination));
        if (keptSources === sources) {
          keptSources = sources.slice();
          keptDestinations = destinations.slice();
        }
        continue;
      }
      if (keptSources !== sources) {
        keptSources[kept] = source;
        keptDestinations[kept] = destination;
      }
      kept += 1;
    }
    return { sources: keptSources.subarray(0, kept), destinations: keptDestinations.subarray(0, kept) };
  }

  #firstUnusedId(): number {
    if (this.#runs === 0) return Number.NEGATIVE_INFINITY;
    return this.#sources[this.#runs - 1]! + this.#lengths[this.#runs - 1]!;
  }

  #firstRunAfter(source: number): number {
    let low = 0;
    let high = this.#runs;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sources[middle]! <= source) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #append({ sources, destinations }: { sources: Float64Array; destinations: Float64Array }): void {
    for (let index = 0; index < sources.length; ) {
      const source = sources[index]!;
      const destination = destinations[index]!;
      let length = 1;
      while (
        index + length < sources.length &&
        sources[index + length] === source + length &&
        destinations[index + length] === destination + length
      ) {
        length += 1;
      }
      this.#push(source, destination, length);
      index += length;
    }
  }

  /** Inserts pairs of which some lie before the run at `place`; the runs from there on are written anew behind them. */
  #merge(place: number, fresh: { sources: Float64Array; destinations: Float64Array }): void {
    const tail = {
      sources: this.#sources.slice(place, this.#runs),
      destinations: this.#destinations.slice(place, this.#runs),
      lengths: this.#lengths.slice(place, this.#runs),
    };
    this.#runs = place;
    this.#last = 0;
    let from = 0;
    for (let run = 0; run < tail.sources.length; run++) {
      const start = tail.sources[run]!;
      let to = from;
      while (to < fresh.sources.length && fresh.sources[to]! < start) to++;
      this.#append({ sources: fresh.sources.subarray(from, to), destinations: fresh.destinations.subarray(from, to) });
      this.#push(start, tail.destinations[run]!, tail.lengths[run]!);
      from = to;
    }
    this.#append({ sources: fresh.sources.subarray(from), destinations: fresh.destinations.subarray(from) });
  }

  /** Adds a run behind the last one, or makes that one longer. */
  #push(source: number, destination: number, length: number): void {
    const before = this.#runs - 1;
    if (before >= 0) {
      const reach = this.#lengths[before]!;
      const follows = this.#sources[before]! + reach === source && this.#destinations[before]! + reach === destination;
      if (follows && reach + length <= longestRun) {
        this.#lengths[before] = reach + length;
        return;
      }
    }
    if (this.#runs === this.#lengths.length) this.#grow();
    if (this.#sources instanceof Int32Array && !(isNarrow(source) && isNarrow(destination))) {
      this.#sources = Float64Array.from(this.#sources);
      this.#destinations = Float64Array.from(this.#destinations);
    }
    this.#sources[this.#runs] = source;
    this.#destinations[this.#runs] = destination;
    this.#lengths[this.#runs] = length;
    this.#runs += 1;
  }

  #grow(): void {
    const capacity = Math.ceil(this.#lengths.length * 1.5);
    const grow = <T extends Ids | Uint32Array>(from: T, into: T): T => {
      into.set(from);
      return into;
    };
    const wide = this.#sources instanceof Float64Array;
    this.#sources = grow<Ids>(this.#sources, wide ? new Float64Array(capacity) : new Int32Array(capacity));
    this.#destinations = grow<Ids>(this.#destinations, wide ? new Float64Array(capacity) : new Int32Array(capacity));
    this.#lengths = grow(this.#lengths, new Uint32Array(capacity));
  }
}

function isNarrow(id: number): boolean {
  return id >= smallestNarrow && id <= largestNarrow;
}

function sortedBySource(sources: Float64Array, destinations: Float64Array): [Float64Array, Float64Array] {
  let sorted = true;
  for (let index = 1; index < sources.length && sorted; index++) sorted = sources[index]! >= sources[index - 1]!;
  if (sorted) return [sources, destinations];
  const order = Uint32Array.from(sources, (_, index) => index).sort((a, b) => sources[a]! - sources[b]!);
  return [
    Float64Array.from(order, (index) => sources[index]!),
    Float64Array.from(order, (index) => destinations[index]!),
  ];
}
