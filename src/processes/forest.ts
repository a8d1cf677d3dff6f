import { platformRows } from '../alignment/platformTable.ts';
import type { Cell } from '../database/port.ts';
import type { Environment } from '../outsystems/environment.ts';
import { processStatusTable, processTable } from './instanceTables.ts';

/**
 * Every process instance of an environment with the tree it is part of: a process, its subprocesses, and theirs. A tree is what
 * the links to parent and to top process hold together, whichever of them is there. Memory: some 40 bytes a process.
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
  /** Place of the process above, and of the topmost one, as the row says; -1 where there is none other. */
  readonly #parent: number[] = [];
  readonly #top: number[] = [];

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
      forest.#parent.push(-1);
      forest.#top.push(-1);
    }
    for (const { place, parent, top } of links) {
      for (const [others, other] of [[forest.#parent, parent] as const, [forest.#top, top] as const]) {
        if (!isId(other) || Number(other) === forest.#ids[place]) continue;
        const found = forest.#placeOf(Number(other));
        if (found !== undefined) {
          others[place] = found;
          forest.#join(place, found);
        }
        // Its parent is gone: nothing above it says whether the tree is over.
        else forest.#isRoot[place] = true;
      }
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
    for (let place = 0; place < this.#ids.length; place++) {
      if (this.#parent[place]! >= 0 || this.#top[place]! >= 0) continue;
      (definitions.has(this.#definitions[place]!) ? trees : others).add(this.#find(place));
    }
    for (const tree of others) trees.delete(tree);
    return trees;
  }

  /** Ids of the processes of these trees, every one before those above it. */
  upwards(trees: ReadonlySet<number>): string[] {
    const unknown = -1;
    const asked = -2;
    const depths = new Int32Array(this.#ids.length).fill(unknown);
    for (let start = 0; start < this.#ids.length; start++) {
      if (depths[start] !== unknown) continue;
      const path = [start];
      for (let place = path.at(-1); place !== undefined; place = path.at(-1)) {
        depths[place] = asked;
        const above = [this.#parent[place]!, this.#top[place]!].filter((one) => one >= 0);
        const next = above.find((one) => depths[one] === unknown);
        if (next !== undefined) path.push(next);
        else {
          // What is asked still is above itself: then no order is better than another.
          depths[place] = 1 + Math.max(-1, ...above.map((one) => depths[one]!));
          path.pop();
        }
      }
    }
    const places = this.#ids.flatMap((_, place) => (trees.has(this.#find(place)) ? [place] : []));
    places.sort((left, right) => depths[right]! - depths[left]! || left - right);
    return places.map((place) => String(this.#ids[place]));
  }

  /** Trees whose root is not in a terminal state. */
  activeTrees(): Set<number> {
    const active = new Set<number>();
    for (let place = 0; place < this.#ids.length; place++) {
      if (this.#isRoot[place] && !this.#isOver[place]) active.add(this.#find(place));
    }
    return active;
  }

  /** Ids of the definitions that processes of these trees have. */
  definitionsOf(trees: ReadonlySet<number>): Set<string> {
    const definitions = new Set<string>();
    for (let place = 0; place < this.#ids.length; place++) {
      if (trees.has(this.#find(place))) definitions.add(this.#definitions[place]!);
    }
    return definitions;
  }

  /** Every process with its tree, ascending by id. */
  *processes(): Generator<{ id: string; tree: number }> {
    for (let place = 0; place < this.#ids.length; place++) {
      yield { id: String(this.#ids[place]), tree: this.#find(place) };
    }
  }

  #placeOf(id: number): number | undefined {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.#ids[middle]!;
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  #find(place: number): number {
    let leader = place;
    while (this.#leader[leader] !== leader) leader = this.#leader[leader]!;
    for (let at = place; at !== leader; ) {
      const next = this.#leader[at]!;
      this.#leader[at] = leader;
      at = next;
    }
    return leader;
  }

  #join(one: number, other: number): void {
    const [left, right] = [this.#find(one), this.#find(other)];
    if (left !== right) this.#leader[Math.max(left, right)] = Math.min(left, right);
  }
}

const isId = (cell: unknown): cell is string => typeof cell === 'string' && cell !== '0' && cell !== '';
