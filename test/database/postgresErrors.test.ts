import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/errors.ts';
import { toDatabaseError } from '../../src/database/postgres/errors.ts';

describe('postgres: what an error means', () => {
  const meaningOf = (facts: object) =>
    toDatabaseError(Object.assign(new Error('words'), facts), { database: 'd' }).code;

  it.each([
    ['ECONNRESET', 'unreachable'],
    ['EPIPE', 'unreachable'],
    ['57P01', 'unreachable'],
    ['57014', 'cancelled'],
    ['08006', 'unreachable'],
    ['53300', 'unreachable'],
    ['53100', 'outOfSpace'],
    ['40P01', 'deadlock'],
    ['55P03', 'lockTimeout'],
    ['22P02', 'invalidValue'],
    ['22003', 'overflow'],
    ['28P01', 'login'],
    ['XX000', 'other'],
  ])('%s means %s', (code, meaning) => {
    expect(meaningOf({ code })).toBe(meaning);
  });

  it('takes a fault of the program for no outage, which would be retried for ever', () => {
    expect(toDatabaseError(new TypeError('x is not a function'), { database: 'd' }).code).toBe('other');
  });

  it('leaves what is a database error already as it is', () => {
    const error = new DatabaseError({ code: 'duplicate', database: 'd', number: '23505', message: 'm' });
    expect(toDatabaseError(error, { database: 'other' })).toBe(error);
  });
});
