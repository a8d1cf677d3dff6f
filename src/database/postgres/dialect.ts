import type { Dialect } from '../sql.ts';
import { quoteIdentifier, quoteLiteral } from './quoting.ts';

export const dialect: Dialect = {
  quote: quoteIdentifier,
  placeholder: (number) => `$${number + 1}`,
  literal(value) {
    if (value instanceof Uint8Array) return quoteLiteral(`\\x${Buffer.from(value).toString('hex')}`);
    if (value instanceof Date) return quoteLiteral(value.toISOString());
    return typeof value === 'string' ? quoteLiteral(value) : String(value);
  },
  byteLength: (expression) => `octet_length(${expression})`,
  countOfRows: 'count(*)',
  // The protocol counts them in 16 bits.
  mostValues: 65_535,
};
