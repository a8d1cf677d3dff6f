/** For people who read a number: 1,234,567. */
export const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');

/** The word that agrees with a count: `is` for one, `are` for any other number. */
export const agreeing = (count: number, one: string, many: string): string => (count === 1 ? one : many);

/** `1 row`, `2,000 rows`; with both forms given, `1 entity is`, `2 entities are`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${agreeing(count, one, many)}`;

/** `and 4 more`, behind things that are named. */
export const andMore = (count: number): string => `and ${grouped(count)} more`;

/** The first of some names, and how many more there are: `Order, Line and 4 more`. */
export function firstOf(names: readonly string[], most: number): string {
  const named = names.slice(0, most).join(', ');
  return names.length > most ? `${named} ${andMore(names.length - most)}` : named;
}
