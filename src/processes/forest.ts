import { platformRows } from '../alignment/platformTable.ts';
import type { Cell } from '../database/port.ts';
import type { Environment } from '../outsystems/environment.ts';
import { isNullIdentifier } from '../outsystems/naming.ts';
import { processStatusTable, processTable } from './instanceTables.ts';

/**
 * Every process instance of an environment with the tree it is part of: a process, its subprocesses, and theirs. A tree
 * is what the links to parent and to top process hold together, whichever of them is there. Memory: some 40 bytes a
 * process, and more for one below another.
 */
export class ProcessForest {
  /** Ids, ascending. */
  readonly #ids: number[] = [];
  /** Towards the first process of the tree, by place (union-find). */
  readonly #leader: number[] = [];
  readonly #definitions: string[] = [];
  /** Without a parent that exists. */
  readonly #isRoot: boolean[] = [];
  readonly #isOver: boolean[] = [];
  /** Places of the parent and the topmost process, by place; none where the row names itself or a missing process. */
  readonly #above = new Map<number, number[]>();

  /** @throws DatabaseError */
  static async read(source: Environment): Promise<ProcessForest> {
    const terminal = new Set<string>();
    for await (const [id, isTerminal] of platformRows(source, processStatusTable, ['ID', 'IS_TERMINAL'])) {
      if (isTerminal === '1') terminal.add(String(id));
    }
    const forest = new ProcessForest();
    const links: { place: number; parent: Cell | undefined; top: Cell | undefined }[] = [];
    const columns = ['ID', 'PARENT_PROCESS_ID', 'TOP_PROCESS_ID', 'PROCESS_DEF_ID', 'STATUS_ID'];
    for await (const [id, parent, top, definition, status] of platformRows(source, processTable, columns)) {
      const place = forest.#ids.push(Number(id)) - 1;
      forest.#leader.push(place);
      forest.#definitions.push(String(definition ?? ''));
      forest.#isRoot.push(!isId(parent));
      forest.#isOver.push(status !== null && terminal.has(String(status)));
      if ((isId(parent) && parent !== id) || (isId(top) && top !== id)) links.push({ place, parent, top });
    }
    for (const { place, parent, top } of links) {
      for (const cell of [parent, top]) if (isId(cell)) forest.#link(place, Number(cell));
    }
    return forest;
  }

  get size(): number {
    return this.#ids.length;
  }

  /** The tree of a process; undefined for one that does not exist. */
  treeOf(id: string): number | undefined {
    const place = this.#placeOf(Number(id));
    return place === undefined ? undefined : this.#find(place);
  }

  /** Trees that hold a process of one of these definitions. @param definitions ids. */
  treesWith(definitions: ReadonlySet<string>): Set<number> {
    const trees = new Set<number>();
    this.#definitions.forEach((definition, place) => {
      if (definitions.has(definition)) trees.add(this.#find(place));
    });
    return trees;
  }

  /** Trees of which whatever has nothing above it is of one of these definitions. @param definitions ids. */
  treesRootedIn(definitions: ReadonlySet<string>): Set<number> {
    const trees = new Set<number>();
    const others = new Set<number>();
    for (const [place, definition] of this.#definitions.entries()) {
      if (this.#above.has(place)) continue;
      (definitions.has(definition) ? trees : others).add(this.#find(place));
    }
    for (const tree of others) trees.delete(tree);
    return trees;
  }

  /** Ids of the processes of these trees, every one before those above it. */
  upwards(trees: ReadonlySet<number>): string[] {
    const depths = this.#depths();
    const processes = this.#ids.flatMap((id, place) => {
      return trees.has(this.#find(place)) ? [{ id, place, depth: depths[place]! }] : [];
    });
    processes.sort((left, right) => right.depth - left.depth || left.place - right.place);
    return processes.map(({ id }) => String(id));
  }

  /** Trees whose root is not in a terminal state. */
  activeTrees(): Set<number> {
    const active = new Set<number>();
    for (const [place, isRoot] of this.#isRoot.entries()) {
      if (isRoot && !this.#isOver[place]) active.add(this.#find(place));
    }
    return active;
  }

  /** Ids of the definitions that processes of these trees have. */
  definitionsOf(trees: ReadonlySet<number>): Set<string> {
    return new Set(this.#definitions.filter((_, place) => trees.has(this.#find(place))));
  }

  /** Every process with its tree, ascending by id. */
  *processes(): Generator<{ id: string; tree: number }> {
    for (const [place, id] of this.#ids.entries()) yield { id: String(id), tree: this.#find(place) };
  }

  /** How many processes are above each, by place: the longest way up counts. */
  #depths(): Int32Array {
    const notAsked = -1;
    const asked = -2;
    const depths = new Int32Array(this.#ids.length).fill(notAsked);
    for (const start of this.#ids.keys()) {
      const path = depths[start] === notAsked ? [start] : [];
      for (let place = path.at(-1); place !== undefined; place = path.at(-1)) {
        depths[place] = asked;
        const above = this.#above.get(place) ?? [];
        const next = above.find((one) => depths[one] === notAsked);
        if (next !== undefined) path.push(next);
        else {
          // What is still being asked is above itself: then no order is better than another.
          depths[place] = 1 + Math.max(-1, ...above.map((one) => depths[one]!));
          path.pop();
        }
      }
    }
    return depths;
  }

  /** Joins a process with the one above it. */
  #link(place: number, aboveId: number): void {
    if (aboveId === this.#ids[place]) return;
    const above = this.#placeOf(aboveId);
    if (above === undefined) {
      // The process above is gone: nothing says whether the tree is over but this one.
      this.#isRoot[place] = true;
      return;
    }
    this.#above.set(place, [...(this.#above.get(place) ?? []), above]);
    this.#join(place, above);
  }

  #placeOf(id: number): number | undefined {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const candidate = this.#ids[middle]!;
      if (candidate === id) return middle;
      if (candidate < id) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #find(place: number): number {
    let leader = place;
    for (let next = this.#leaderOf(leader); next !== leader; next = this.#leaderOf(leader)) leader = next;
    for (let at = place; at !== leader; ) {
      const next = this.#leaderOf(at);
      this.#leader[at] = leader;
      at = next;
    }
    return leader;
  }

  /** The next process on the way to the first one of the tree. */
  #leaderOf(place: number): number {
    const leader = this.#leader[place];
    if (leader === undefined) throw new RangeError(`no process stands at place ${place} of ${this.#leader.length}`);
    return leader;
  }

  #join(one: number, other: number): void {
    const [left, right] = [this.#find(one), this.#find(other)];
    if (left !== right) this.#leader[Math.max(left, right)] = Math.min(left, right);
  }
}

const isId = (cell: unknown): cell is string => typeof cell === 'string' && !isNullIdentifier(cell);
