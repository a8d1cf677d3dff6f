import { quality } from '../../infra/demo/schema/environments.ts';
import { eventTrigger, listenedTo } from '../../infra/demo/schema/eventTables.ts';
import { entityNamed } from '../../infra/demo/schema/factory.ts';
import { engine } from './engine.ts';
import { type PlainConnection, quotedName, rowsOf, runOn } from './plainSql.ts';

/** What tests do to an environment's definitions behind Caravel's back, where the two engines say it differently. */

/** Statement that makes a temporary table; on SQL Server every login may run it. */
export const temporaryTable =
  engine === 'sqlserver'
    ? { statement: 'CREATE TABLE #mine (id int)', isForEveryone: true }
    : { statement: 'CREATE TEMPORARY TABLE mine (id int)', isForEveryone: false };

/** Statement after which every INSERT into a table takes some seconds longer. */
export const slowInserts = (table: string, seconds: number): string =>
  engine === 'sqlserver'
    ? `CREATE TRIGGER "slow" ON "${table}" AFTER INSERT AS WAITFOR DELAY '00:00:${String(seconds).padStart(2, '0')}'`
    : `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN PERFORM pg_sleep(${seconds}); RETURN NULL; END $$;
       CREATE TRIGGER "slow" AFTER INSERT ON "${table}" FOR EACH STATEMENT EXECUTE FUNCTION slow()`;

/** Statement that takes that back. */
export const quickInserts = (table: string): string =>
  engine === 'sqlserver' ? 'DROP TRIGGER "slow"' : `DROP TRIGGER "slow" ON "${table}"; DROP FUNCTION slow()`;

/** Lets a table refuse every row whose id is yet to be minted. */
export async function refuseNewRows(url: string, table: string): Promise<void> {
  const [row] = await rowsOf(url, `SELECT max("ID") AS "largest" FROM "${table}"`);
  await runOn(url, `ALTER TABLE "${table}" ADD CONSTRAINT "refused" CHECK ("ID" <= ${row!.largest})`);
}

export const acceptNewRows = (url: string, table: string): Promise<void> =>
  runOn(url, `ALTER TABLE "${table}" DROP CONSTRAINT "refused"`);

/**
 * Drops the destination's foreign keys, and the triggers that start processes: any rows can be written in any order
 * then.
 */
export async function forgetConstraints({ arrays, run }: PlainConnection): Promise<void> {
  const keys = await arrays(
    engine === 'sqlserver'
      ? 'SELECT t.name, k.name FROM sys.foreign_keys k JOIN sys.tables t ON t.object_id = k.parent_object_id'
      : `SELECT t.relname, k.conname FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid WHERE k.contype = 'f'`,
  );
  for (const [table, key] of keys) {
    await run(`ALTER TABLE ${quotedName(table!)} DROP CONSTRAINT ${quotedName(key!)}`);
  }
  for (const { name, table } of listenedTo.map((entity) => eventTrigger(quality, entityNamed(entity)))) {
    if (engine === 'sqlserver') await run(`DROP TRIGGER ${quotedName(name)}`);
    else await run(`ALTER TABLE ${quotedName(table)} DISABLE TRIGGER USER`);
  }
}
