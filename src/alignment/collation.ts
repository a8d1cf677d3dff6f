/** Combining marks of the European scripts. Marks that are letters of their own (Indic vowels, say) stay. */
const accents = /[\u0300-\u036f]/g;

/**
 * A text in the form in which two texts are equal when the platform's collation, Latin1_General_CI_AI, holds them
 * equal: case, accents and trailing blanks do not count (docs/metamodel.md §0; traps 35, 43).
 */
export function foldText(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(accents, '')
    .replaceAll('ß', 'ss')
    .replaceAll('æ', 'ae')
    .replaceAll('œ', 'oe')
    .replace(/ +$/, '');
}

/** An SS_Key for comparison. Not every one is a GUID (trap 25), so it stays text. */
export function foldKey(key: string): string {
  return key.trim().toLowerCase();
}
