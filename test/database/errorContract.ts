import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/errors.ts';
import type { Row } from '../../src/database/port.ts';
import { sql } from '../../src/database/sql.ts';
import { type ContractGround, seenName, tableName } from './contract.ts';
import { askForOne } from './harness.ts';

/** A value that must appear in no message. */
const secret = 'Secret4711';

export function describeErrors(ground: ContractGround): void {
  const { database } = ground;

  const failureOf = async (work: Promise<unknown>): Promise<DatabaseError> => {
    const error = await work.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(DatabaseError);
    const failure = error as DatabaseError;
    expect(failure.message).not.toContain(secret);
    expect(failure.message).not.toContain('\n');
    return failure;
  };
  const inserting = (columns: string[], rows: Row[], table = 'osusr_abc_Child') =>
    failureOf(
      database().rows.transaction(async (transaction) => {
        await transaction.insertStaged(await transaction.stage(tableName(ground, table), columns, rows), null);
      }),
    );

  describe('errors', () => {
    it('name a duplicate by its constraint', async () => {
      const error = await inserting(['CODE'], [[secret], [secret]], 'CODED');
      expect(error).toMatchObject({ code: 'duplicate', rowLevel: true, retryable: false, table: 'CODED' });
      expect(error.constraint).toMatch(database().can.keepNames ? /^OSIDX_CODED_CODE$/ : /^osidx_coded_code/);
    });

    it('name a reference to nothing', async () => {
      const error = await inserting(['PARENTID'], [['987654321']]);
      expect(error).toMatchObject({
        code: 'reference',
        rowLevel: true,
        constraint: seenName(ground, 'OSFRK_CHILD_PARENT'),
      });
      expect(error.message).not.toContain('987654321');
    });

    it('name a missing value by its column', async () => {
      expect(await inserting(['N'], [['1']], 'TEXTKEY')).toMatchObject({
        code: 'nullValue',
        column: seenName(ground, 'CODE'),
      });
    });

    it('name a text that is too long', async () => {
      const error = await inserting(['CODE'], [['ok'], [secret.repeat(6)]]);
      expect(error).toMatchObject({ code: 'truncation', rowLevel: true, table: 'osusr_abc_Child' });
    });

    it('name a text that is too long by blanks alone, which a server would cut off without a word', async () => {
      const error = await inserting(['CODE'], [['ok'], [`ok${' '.repeat(200)}`]]);
      expect(error).toMatchObject({ code: 'truncation', rowLevel: true, table: 'osusr_abc_Child' });
    });

    it('name a number out of range', async () => {
      expect(await inserting(['COUNT'], [['99999999999']])).toMatchObject({ code: 'overflow', rowLevel: true });
    });

    it('name a value that is none of its type', async () => {
      expect(await inserting(['COUNT'], [[secret]])).toMatchObject({ code: 'invalidValue', rowLevel: true });
    });

    it('keep a bad row in the middle of many from stopping the process', async () => {
      const rows: Row[] = Array.from({ length: 60_000 }, (_, index) => [index === 30 ? secret : '1', 'x'.repeat(200)]);
      expect(await inserting(['COUNT', 'NOTE'], rows)).toMatchObject({ code: 'invalidValue' });
    }, 30_000);

    it('name a table and a column that are not there', async ({ skip }) => {
      expect(await inserting(['NOSUCHCOLUMN'], [['1']])).toMatchObject({ code: 'unknownObject' });
      const read = async () => {
        const table = tableName(ground, 'NOSUCH');
        for await (const _ of database().rows.readRows({
          table,
          columns: ['A'],
          key: 'A',
          batch: { rows: 1, bytes: 1 },
        }));
      };
      expect(await failureOf(read())).toMatchObject({ code: 'unknownObject', table: 'NOSUCH' });
      skip(!database().can.numberErrors, 'the server has no number of its own for it');
      const missing = database().rows.query(sql`select * from "NOSUCH"`, {});
      expect(await failureOf(missing)).toMatchObject({ code: 'unknownObject' });
    });

    it('name a missing right', async ({ skip }) => {
      skip(!database().can.numberErrors, 'the server has no number of its own for it');
      await database().revoke('PLAIN', 'INSERT');
      expect(await inserting(['A', 'B'], [['1', secret]], 'PLAIN')).toMatchObject({
        code: 'permission',
        retryable: false,
      });
    });

    it('call a lost connection unreachable, and work again after', async () => {
      const login = database().another();
      const error = await failureOf(
        login.transaction(async (transaction) => {
          await askForOne(transaction);
          await database().cutConnections();
          await askForOne(transaction);
        }),
      );
      expect(error).toMatchObject({ code: 'unreachable', retryable: true });
      expect(await askForOne(login)).toBe(1);
    });

    it('call a connection lost before the commit unreachable: nobody knows what became of it', async () => {
      const login = database().another();
      const error = await failureOf(
        login.transaction(async (transaction) => {
          await askForOne(transaction);
          await database().cutConnections();
        }),
      );
      expect(error.code).toBe('unreachable');
    });

    it('call a connection lost in mid-stage unreachable', async () => {
      const login = database().another();
      async function* rows(): AsyncGenerator<Row[]> {
        yield Array.from({ length: 5000 }, () => ['x'.repeat(100)]);
        await database().cutConnections();
        for (let part = 0; part < 50; part++) yield Array.from({ length: 5000 }, () => ['x'.repeat(100)]);
      }
      const error = await failureOf(
        login.transaction(async (transaction) => {
          await transaction.stage(tableName(ground, 'osusr_abc_Child'), ['NOTE'], rows());
        }),
      );
      expect(error.code).toBe('unreachable');
    });

    it('tell a server that is not there from a login that is wrong', async () => {
      const nowhere = ground.harness.unreachable();
      expect(await failureOf(askForOne(nowhere))).toMatchObject({ code: 'unreachable', database: 'nowhere' });
      await nowhere.close();
      const locked = ground.harness.wrongPassword();
      expect(await failureOf(askForOne(locked))).toMatchObject({ code: 'login', retryable: false });
      await locked.close();
    });
  });
}
