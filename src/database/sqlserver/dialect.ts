import type { Dialect } from '../sql.ts';
import { quoteIdentifier } from './quoting.ts';

const longestPart = 4_000;

/**
 * In a literal a backslash before a line break takes both away (Microsoft's documentation, "Backslash (Line
 * Continuation)"): such a text is written in parts. Parts that are no nvarchar(max) would be cut at 4,000 characters.
 */
function textLiteral(value: string): string {
  const quoted = `N'${value.replaceAll("'", "''")}'`;
  const inParts = quoted.replaceAll(/\\(?=\r?\n)/g, "\\' + N'");
  if (inParts === quoted) return quoted;
  return value.length > longestPart ? `CAST(N'' AS nvarchar(max)) + ${inParts}` : inParts;
}

export const dialect: Dialect = {
  quote: quoteIdentifier,
  placeholder: (number) => `@p${number}`,
  literal(value) {
    if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
    if (value instanceof Date) return `'${value.toISOString().slice(0, -1)}'`;
    if (typeof value === 'boolean') return value ? '1' : '0';
    return typeof value === 'string' ? textLiteral(value) : String(value);
  },
  byteLength: (expression) => `DATALENGTH(${expression})`,
  // COUNT(*) ends at 2,147,483,647 (Microsoft's documentation, "COUNT_BIG").
  countOfRows: 'COUNT_BIG(*)',
  // A request takes 2,100, of which the driver needs some for itself.
  mostValues: 2_000,
};
