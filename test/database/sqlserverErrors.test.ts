import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/errors.ts';
import { toDatabaseError } from '../../src/database/sqlserver/errors.ts';

describe('sqlserver: what an error means', () => {
  it.each([
    [40197, 'unreachable'],
    [40501, 'unreachable'],
    [40613, 'unreachable'],
    [49918, 'unreachable'],
    [49919, 'unreachable'],
    [49920, 'unreachable'],
    [10928, 'unreachable'],
    [10929, 'unreachable'],
    [4060, 'unreachable'],
    [18456, 'login'],
    [1205, 'deadlock'],
    [1222, 'lockTimeout'],
    [2627, 'duplicate'],
    [2601, 'duplicate'],
    [547, 'reference'],
    [515, 'nullValue'],
    [8152, 'truncation'],
    [2628, 'truncation'],
    [8115, 'overflow'],
    [220, 'overflow'],
    [229, 'permission'],
    [262, 'permission'],
    [1088, 'permission'],
    [208, 'unknownObject'],
    [207, 'unknownObject'],
    [9002, 'logFull'],
    [1105, 'outOfSpace'],
    [334, 'other'],
  ])('%i means %s', (number, meaning) => {
    const error = toDatabaseError(Object.assign(new Error('words'), { number, code: 'EREQUEST' }), { database: 'd' });
    expect(error).toMatchObject({ code: meaning, number: String(number) });
  });

  it.each([
    ['ESOCKET', 'unreachable'],
    ['ETIMEOUT', 'unreachable'],
    ['ECLOSE', 'unreachable'],
    ['ELOGIN', 'login'],
    ['EREQUEST', 'other'],
  ])('%s without a number means %s', (code, meaning) => {
    expect(toDatabaseError(Object.assign(new Error('words'), { code }), { database: 'd' }).code).toBe(meaning);
  });

  it('takes a login that is refused for an unknown reason, and a fatal error, for an outage', () => {
    const meaning = (facts: object) =>
      toDatabaseError(Object.assign(new Error('words'), facts), { database: 'd' }).code;
    expect(meaning({ code: 'ELOGIN', number: 99_999 })).toBe('unreachable');
    expect(meaning({ code: 'ELOGIN', number: 18_456 })).toBe('login');
    expect(meaning({ code: 'EREQUEST', number: 99_999, class: 20 })).toBe('unreachable');
    expect(meaning({ code: 'EREQUEST', number: 99_999, class: 16 })).toBe('other');
  });

  it('takes a certificate that is not trusted for no outage', () => {
    const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const error = Object.assign(new Error('Failed to connect to h:1433'), { code: 'ESOCKET', cause });
    expect(toDatabaseError(error, { database: 'd' }).code).toBe('login');
  });

  it('takes a fault of the program for no outage, which would be retried for ever', () => {
    expect(toDatabaseError(new TypeError('x is not a function'), { database: 'd' }).code).toBe('other');
  });

  it('finds the error that matters among those that follow it', () => {
    const told = (number: number) => Object.assign(new Error('words'), { number });
    const error = toDatabaseError({ errors: [told(2627), told(3621)] }, { database: 'd' });
    expect(error).toMatchObject({ code: 'duplicate', number: '2627' });
  });

  it('names what the server named, and no value', () => {
    const told = (number: number, message: string) =>
      toDatabaseError(Object.assign(new Error(message), { number }), { database: 'd' });
    const duplicate = told(
      2601,
      "Cannot insert duplicate key row in object 'dbo.OSUSR_ABC_T' with unique index 'OSIDX_T'. The duplicate key value is (secret).",
    );
    expect(duplicate).toMatchObject({ table: 'OSUSR_ABC_T', constraint: 'OSIDX_T' });
    const reference = told(
      547,
      'The INSERT statement conflicted with the FOREIGN KEY constraint "OSFRK_T". The conflict occurred in database "d", table "dbo.OSUSR_ABC_P", column \'ID\'.',
    );
    expect(reference).toMatchObject({ code: 'reference', constraint: 'OSFRK_T' });
    const check = told(
      547,
      'The INSERT statement conflicted with the CHECK constraint "CK_T". The conflict occurred in database "d", table "dbo.T".',
    );
    expect(check).toMatchObject({ code: 'invalidValue', constraint: 'CK_T' });
    const missing = told(515, "Cannot insert the value NULL into column 'CODE', table 'd.dbo.T'; INSERT fails.");
    expect(missing).toMatchObject({ column: 'CODE', table: 'T' });
    const long = told(
      2628,
      "String or binary data would be truncated in table 'd.dbo.T', column 'NAME'. Truncated value: 'secret'.",
    );
    expect(long).toMatchObject({ column: 'NAME', table: 'T' });
    for (const error of [duplicate, reference, missing, long]) expect(error.message).not.toContain('secret');
  });

  it('leaves what is a database error already as it is', () => {
    const error = new DatabaseError({ code: 'duplicate', database: 'd', number: '2627', message: 'm' });
    expect(toDatabaseError(error, { database: 'other' })).toBe(error);
  });
});
