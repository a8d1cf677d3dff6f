import { sameName } from '../../outsystems/naming.ts';
import type { Draft } from './draft.ts';

/**
 * Unique indexes of the destination over columns that the copy writes, by destination column; that of the identifier
 * aside, whose clashes are another matter (docs/architecture.md, "The batch protocol").
 */
export function uniqueIndexes({ destination, identifierColumns, columns }: Draft): string[][] {
  const written = new Set(columns.map((column) => column.destination));
  const indexes = new Map<string, string[]>();
  for (const index of destination.indexes) {
    const isIdentifier = index.columns.length === 1 && sameName(index.columns[0], identifierColumns?.destination.name);
    if (!index.unique || isIdentifier || !index.columns.every((column) => written.has(column))) continue;
    indexes.set([...index.columns].sort().join('\n'), index.columns);
  }
  return [...indexes.values()];
}

/** Unique indexes that the source does not have: what is unique there need not have been here. */
export function uniqueOnlyThere(draft: Draft): string[] {
  const sourceOf = (name: string) => {
    const handling = draft.columns.find(({ destination }) => destination === name)?.handling;
    return handling === undefined || handling.as === 'neutral' ? null : handling.source.toUpperCase();
  };
  const key = (columns: readonly (string | null)[]) => [...columns].sort().join('\n');
  const here = new Set(
    draft.source.indexes
      .filter(({ unique }) => unique)
      .map(({ columns }) => key(columns.map((column) => column.toUpperCase()))),
  );
  return uniqueIndexes(draft)
    .filter((columns) => !here.has(key(columns.map(sourceOf))))
    .map((columns) => columns.join(', '));
}
