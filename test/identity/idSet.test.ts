import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdSet } from '../../src/identity/idSet.ts';

const id = fc.oneof(
  fc.bigInt({ min: -5000n, max: 9000n }),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

test('an id is claimed once, and counted within any bounds', () => {
  const bound = fc.option(id);
  fc.assert(
    fc.property(fc.array(id, { maxLength: 60 }), id, bound, bound, (ids, other, after, upTo) => {
      const claimed = new IdSet();
      const expected = new Set<bigint>();
      for (const one of ids) {
        expect(claimed.add(String(one))).toBe(!expected.has(one));
        expected.add(one);
      }
      for (const one of [...ids, other]) expect(claimed.has(String(one))).toBe(expected.has(one));
      const inside = [...expected].filter((one) => (after === null || one > after) && (upTo === null || one <= upTo));
      expect(claimed.count({ after, upTo })).toBe(inside.length);
    }),
  );
});
