import { describe, expect, it } from 'vitest';
import type { DatabaseError } from '../../src/database/errors.ts';
import { toDatabaseError as ofPostgres } from '../../src/database/postgres/errors.ts';
import { Misfit } from '../../src/database/sqlserver/cells.ts';
import { toDatabaseError as ofSqlServer } from '../../src/database/sqlserver/errors.ts';

const place = { database: 'quality', table: 'ORDER' };
const postgres = (code: string) => ofPostgres(Object.assign(new Error('secret'), { code }), place);
const sqlServer = (number: number) =>
  ofSqlServer(Object.assign(new Error('secret'), { number, code: 'EREQUEST' }), place);
/** Without the number, which is the engine's own. */
const said = ({ message }: DatabaseError) => message.replace(/ \[\w+\]$/, '');

describe('one fault', () => {
  it.each([
    ['unreachable', '57P01', 10054],
    ['login', '28P01', 18456],
    ['deadlock', '40P01', 1205],
    ['lockTimeout', '55P03', 1222],
    ['duplicate', '23505', 2627],
    ['reference', '23503', 547],
    ['nullValue', '23502', 515],
    ['truncation', '22001', 2628],
    ['overflow', '22003', 8115],
    ['invalidValue', '22P02', 245],
    ['outOfSpace', '53100', 1105],
    ['other', 'XX000', 99999],
  ])('%s is said in one sentence, whichever engine met it', (code, sqlState, number) => {
    const [one, other] = [postgres(sqlState), sqlServer(number)];
    expect([one.code, other.code]).toEqual([code, code]);
    expect(said(one)).toBe(said(other));
    expect(said(one)).toMatch(/^quality on table ORDER: [a-z]/);
    expect(said(one)).not.toContain('secret');
  });

  it('is said alike where a value is found unfit before the server sees it', () => {
    const column = { ...place, column: 'CODE' };
    const byServer = ofSqlServer(Object.assign(new Error('secret'), { number: 2628, code: 'EREQUEST' }), column);
    expect(new Misfit('truncation').at('quality', 'ORDER', 'CODE').message).toBe(said(byServer));
  });
});
