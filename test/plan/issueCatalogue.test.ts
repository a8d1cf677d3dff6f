import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { refusedIssue } from '../../src/copying/errors.ts';
import { databaseError } from '../../src/database/errors.ts';
import { newIssue } from '../../src/journal/issues.ts';
import { issueKinds, refusalCodes } from '../../src/plan/catalogue/issues.ts';

/** Rows of the document's only table: code and what to do. */
const documented = [
  ...readFileSync('docs/what-if.md', 'utf8').matchAll(/^\| `([^|]+)` +\|[^|]+\| ([^|]+?) +\|$/gm),
].map(([, code, remedy]) => [code, remedy]);

describe('the catalogue of issues', () => {
  it('is what docs/what-if.md lists, code by code, with what to do', () => {
    expect(documented).toEqual(Object.entries(issueKinds).map(([code, { remedy }]) => [code, remedy]));
  });
});

describe('an issue', () => {
  it('says the sentence of its code', () => {
    const reference = { attribute: 'CustomerId', targetName: 'Core.Customer' };
    expect(newIssue('missing-reference', '7', reference)).toEqual({
      sourceId: '7',
      code: 'missing-reference',
      reason: 'CustomerId refers to a row of Core.Customer that was not migrated',
    });
    const why = { fault: 'row not migrated', filter: 'ORDERID' } as const;
    expect(newIssue('subscription-set-aside', '7', why).reason).toBe(
      'an event subscription of this activity is not migrated: its filter ORDERID names a row that was not migrated',
    );
  });

  it('about a row that the database does not take has its words, and its constraint by itself', () => {
    const cause = new Error('the value itself');
    const error = databaseError({
      code: 'invalidValue',
      database: 'quality',
      number: '23514',
      table: 'PAY',
      constraint: 'C',
      cause,
    });
    expect(refusedIssue(error, null)).toEqual({
      sourceId: null,
      code: 'invalid-value',
      reason: 'quality on table PAY, constraint C: a value does not fit the type or a check of its column [23514]',
      constraint: 'C',
      detail: 'the value itself',
    });
    expect(Object.values(refusalCodes).every((code) => code in issueKinds)).toBe(true);
  });

  it('is made of no error but of one that blames a row', () => {
    const outage = databaseError({ code: 'unreachable', database: 'quality', number: '' });
    expect(() => refusedIssue(outage, '7')).toThrow(outage);
  });
});
