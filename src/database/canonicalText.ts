/** `1.500` → `1.5`, `12:00:00.000` → `12:00:00`: the form of decimals and times in cells (port.ts, `Cell`). */
export function withoutTrailingZeros(text: string): string {
  if (!text.endsWith('0') || !text.includes('.')) return text;
  let end = text.length;
  while (text[end - 1] === '0') end--;
  return text.slice(0, text[end - 1] === '.' ? end - 1 : end);
}
