import type { RowGraph, RowSet } from './rowGraph.ts';
import { sample } from './snapshot.ts';

/** A colour per row, by entity: rows of one colour cannot be told apart by what was looked at so far. */
type Colours = Map<string, Int32Array>;

/**
 * Compares two row graphs whose identifiers have nothing in common, by colour refinement: rows start with the colour of
 * their own content, then take on the colours of the rows they refer to, and at last of those that refer to them, round
 * by round. After each round every entity must have the same colours equally often on both sides. It stops at the first
 * round that shows a difference, which is the one nearest to its cause.
 * @returns lines by entity; empty when the graphs mean the same.
 */
export function compareGraphs(source: RowGraph, destination: RowGraph): { entity: string; message: string }[] {
  const sides = [source, destination];
  let palette = new Map<string, number>();
  const colourOf = (description: string): number => {
    const known = palette.get(description);
    if (known !== undefined) return known;
    palette.set(description, palette.size);
    return palette.size - 1;
  };
  let colours: Colours[] = sides.map((side) => contentColours(side, colourOf));
  let found = differingColours(source, destination, colours, 'content');
  if (found.length > 0) return found;
  for (const direction of ['forward', 'both'] as const) {
    let shades = -1;
    for (let round = 0; round < 30 && shades !== palette.size; round++) {
      shades = palette.size;
      palette = new Map();
      const previous = colours;
      colours = sides.map((side, index) => refined(side, previous[index]!, direction, colourOf));
      const what = direction === 'forward' ? 'the rows they refer to' : 'the rows that refer to them';
      found = differingColours(source, destination, colours, what);
      if (found.length > 0) return found;
    }
  }
  return [];
}

function contentColours(graph: RowGraph, colourOf: (description: string) => number): Colours {
  return new Map(
    [...graph.sets].map(([key, set]) => [
      key,
      Int32Array.from(set.contents, (content) => colourOf(`${key}${content}`)),
    ]),
  );
}

function refined(
  graph: RowGraph,
  previous: Colours,
  direction: 'forward' | 'both',
  colourOf: (description: string) => number,
): Colours {
  const referrers = direction === 'both' ? referrerColours(graph, previous) : null;
  return new Map(
    [...graph.sets].map(([key, set]) => {
      const own = previous.get(key)!;
      const targets = set.references.map((one) => ({ rows: one.rows, colours: previous.get(one.target)! }));
      const colour = (_: unknown, row: number): number => {
        let description = `${key} ${own[row]}`;
        for (const target of targets)
          description += `,${target.rows[row]! < 0 ? '' : target.colours[target.rows[row]!]}`;
        const cited = referrers?.get(key)?.[row];
        return colourOf(cited ? `${description};${cited.sort().join()}` : description);
      };
      return [key, Int32Array.from(own, colour)];
    }),
  );
}

/** For each row, `<entity>/<reference>/<colour>` of every row that refers to it. */
function referrerColours(graph: RowGraph, previous: Colours): Map<string, string[][]> {
  const cited = new Map([...graph.sets].map(([key, set]) => [key, set.labels.map((): string[] => [])]));
  for (const [key, set] of graph.sets) {
    const own = previous.get(key)!;
    set.references.forEach(({ target, rows }, reference) => {
      const lists = cited.get(target)!;
      rows.forEach((row, position) => {
        if (row >= 0) lists[row]!.push(`${key}/${reference}/${own[position]}`);
      });
    });
  }
  return cited;
}

function differingColours(source: RowGraph, destination: RowGraph, colours: Colours[], by: string) {
  const found: { entity: string; message: string }[] = [];
  for (const [key, set] of source.sets) {
    const other = destination.sets.get(key)!;
    const missing = unmatched(set, colours[0]!.get(key)!, colours[1]!.get(key)!);
    const extra = unmatched(other, colours[1]!.get(key)!, colours[0]!.get(key)!);
    const entity = set.entity.name;
    const compared = `compared by ${by}`;
    if (missing.length > 0) {
      const message = `${missing.length} of ${set.labels.length} source rows are not in the destination, ${compared} (source ids ${sample(missing)})`;
      found.push({ entity, message });
    }
    if (extra.length > 0) {
      const message = `${extra.length} of ${other.labels.length} destination rows are not in the source, ${compared} (destination ids ${sample(extra)})`;
      found.push({ entity, message });
    }
  }
  return found;
}

/** Labels of rows whose colour the other side has less often. */
function unmatched(set: RowSet, own: Int32Array, others: Int32Array): string[] {
  const available = new Map<number, number>();
  for (const colour of others) available.set(colour, (available.get(colour) ?? 0) + 1);
  return set.labels.filter((_, row) => {
    const left = available.get(own[row]!) ?? 0;
    available.set(own[row]!, left - 1);
    return left <= 0;
  });
}
