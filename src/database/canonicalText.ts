import type { Cell } from './port.ts';

/** `1.500` → `1.5`, `12:00:00.000` → `12:00:00`: the form of decimals and times in cells (port.ts, `Cell`). */
export function withoutTrailingZeros(text: string): string {
  if (!text.endsWith('0') || !text.includes('.')) return text;
  let end = text.length;
  while (text[end - 1] === '0') end--;
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end);
}

/** A value that was written down as text → the cell of a column of that kind: as bytes '' are no bytes. */
export function cellOfKind(kind: string, text: string | null): Cell {
  return kind === 'binary' && text !== null ? new Uint8Array(Buffer.from(text, 'utf8')) : text;
}
