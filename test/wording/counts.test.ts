import { describe, expect, it } from 'vitest';
import { agreeing, andMore, countOf, firstOf } from '../../src/wording/counts.ts';

describe('a count', () => {
  it('is said with the word that agrees with it', () => {
    expect([0, 1, 2, 1_234_567].map((count) => countOf(count, 'row'))).toEqual([
      '0 rows',
      '1 row',
      '2 rows',
      '1,234,567 rows',
    ]);
    expect([1, 2].map((count) => countOf(count, 'entity is', 'entities are'))).toEqual([
      '1 entity is',
      '2 entities are',
    ]);
    expect([1, 0].map((count) => agreeing(count, 'waits', 'wait'))).toEqual(['waits', 'wait']);
  });
});

describe('a list', () => {
  it('names the first and counts the rest', () => {
    expect(firstOf(['Order'], 2)).toBe('Order');
    expect(firstOf(['Order', 'Line'], 2)).toBe('Order, Line');
    expect(firstOf(['Order', 'Line', 'Payment'], 2)).toBe('Order, Line and 1 more');
    expect(andMore(1_200)).toBe('and 1,200 more');
  });
});
