import { IdentityConflictError } from './identityConflict.ts';

type Ids = Int32Array | Float64Array;

/** Consecutive source ids with consecutive destination ids: the first of each, and how many. */
interface Run {
  source: number;
  destination: number;
  length: number;
}

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
      if (source < sources[last]!) high = last - 1;
      else if (last === high || source < sources[last + 1]!) return this.#counterpartIn(last, source);
      else low = last + 1;
    }
    // Ids lie about evenly, so the place of the run is guessed, and the window around the guess doubled until it holds
    // the run: few steps, and memory touched in one place.
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
    const run = this.#lastRunUpTo(source, low, high);
    if (run < 0) return Number.NaN;
    this.#last = run;
    return this.#counterpartIn(run, source);
  }

  /**
   * Adds pairs in any order; all or none.
   * @throws IdentityConflictError where a source id has another destination already.
   */
  add(sources: Float64Array, destinations: Float64Array): void {
    const fresh = this.#fresh(...sortedBySource(sources, destinations));
    const [first] = fresh.sources;
    if (first === undefined) return;
    const place = this.#lastRunUpTo(first, 0, this.#runs - 1) + 1;
    if (place < this.#runs) this.#merge(place, fresh);
    else this.#append(fresh);
    this.#size += fresh.sources.length;
  }

  /** Pairs ascending by source id. */
  *entries(): Generator<[number, number]> {
    for (let run = 0; run < this.#runs; run++) {
      const { source, destination, length } = this.#runAt(run);
      for (let index = 0; index < length; index++) yield [source + index, destination + index];
    }
  }

  /** Of pairs sorted by source id, those that are not here yet, each once. */
  #fresh(sources: Float64Array, destinations: Float64Array): { sources: Float64Array; destinations: Float64Array } {
    const beyond = this.#firstUnusedId();
    let kept = 0;
    let previousSource = Number.NaN;
    let previousDestination = Number.NaN;
    // Nothing is copied while nothing has to be left out, which is the rule.
    let keptSources = sources;
    let keptDestinations = destinations;
    for (let index = 0; index < sources.length; index++) {
      const source = sources[index]!;
      const destination = destinations[index]!;
      const isRepeated = source === previousSource;
      const held = isRepeated ? previousDestination : source < beyond ? this.find(source) : Number.NaN;
      previousSource = source;
      previousDestination = destination;
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
    const { source, length } = this.#runAt(this.#runs - 1);
    return source + length;
  }

  #runAt(place: number): Run {
    const [source, destination, length] = [this.#sources[place], this.#destinations[place], this.#lengths[place]];
    if (source === undefined || destination === undefined || length === undefined) {
      throw new RangeError(`an id map of ${this.#runs} runs has no run ${place}`);
    }
    return { source, destination, length };
  }

  /** Of the runs from `low` to `high`, the last one that starts at or before the id; `low - 1` where none does. */
  #lastRunUpTo(source: number, low: number, high: number): number {
    const sources = this.#sources;
    let first = low;
    let last = high;
    while (first <= last) {
      const middle = (first + last) >>> 1;
      if (sources[middle]! <= source) first = middle + 1;
      else last = middle - 1;
    }
    return last;
  }

  /** The destination id of a source id at or behind the start of a run; NaN where it lies beyond its end. */
  #counterpartIn(run: number, source: number): number {
    const distance = source - this.#sources[run]!;
    return distance < this.#lengths[run]! ? this.#destinations[run]! + distance : Number.NaN;
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

  /** Inserts pairs of which some lie before the run at `place`; the runs from there on are written anew after them. */
  #merge(place: number, fresh: { sources: Float64Array; destinations: Float64Array }): void {
    const tail = {
      sources: this.#sources.slice(place, this.#runs),
      destinations: this.#destinations.slice(place, this.#runs),
      lengths: this.#lengths.slice(place, this.#runs),
    };
    this.#runs = place;
    this.#last = 0;
    let from = 0;
    for (const [run, start] of tail.sources.entries()) {
      let to = from;
      while (to < fresh.sources.length && fresh.sources[to]! < start) to++;
      this.#append({ sources: fresh.sources.subarray(from, to), destinations: fresh.destinations.subarray(from, to) });
      this.#push(start, tail.destinations[run]!, tail.lengths[run]!);
      from = to;
    }
    this.#append({ sources: fresh.sources.subarray(from), destinations: fresh.destinations.subarray(from) });
  }

  /** Adds a run after the last one, or makes that one longer. */
  #push(source: number, destination: number, length: number): void {
    const last = this.#runs - 1;
    if (last >= 0) {
      const reach = this.#lengths[last]!;
      const follows = this.#sources[last]! + reach === source && this.#destinations[last]! + reach === destination;
      if (follows && reach + length <= longestRun) {
        this.#lengths[last] = reach + length;
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

function isSorted(ids: Float64Array): boolean {
  let previous = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < ids.length; place++) {
    const id = ids[place]!;
    if (id < previous) return false;
    previous = id;
  }
  return true;
}

function sortedBySource(sources: Float64Array, destinations: Float64Array): [Float64Array, Float64Array] {
  if (isSorted(sources)) return [sources, destinations];
  const order = Uint32Array.from(sources, (_, index) => index).sort((a, b) => sources[a]! - sources[b]!);
  const inOrder = (ids: Float64Array) => Float64Array.from(order, (index) => ids[index]!);
  return [inOrder(sources), inOrder(destinations)];
}
