import type { Database, EngineName } from '../database/port.ts';
import { integer } from '../database/shape.ts';
import { type Sql, sql } from '../database/sql.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { decisions } from './migrations/0002-decisions.ts';
import { subscriptions } from './migrations/0003-subscriptions.ts';
import { approval } from './migrations/0004-approval.ts';
import { emptying } from './migrations/0005-emptying.ts';
import { retries } from './migrations/0006-retries.ts';

/** Numbered, in order, never changed once released: a new need is a new migration. */
const migrations: { version: number; statements: (engine: EngineName) => Sql[] }[] = [
  { version: 1, statements: foundation },
  { version: 2, statements: decisions },
  { version: 3, statements: subscriptions },
  { version: 4, statements: approval },
  { version: 5, statements: emptying },
  { version: 6, statements: retries },
];

/**
 * Brings the journal's tables to this version. Safe to call by several workers at once: one migrates, the others wait.
 * @throws Error when the journal was written by a newer version of Caravel.
 */
export async function migrateJournal(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    if (!(await transaction.tryLock('caravel journal migration', 60_000))) {
      throw new Error('journal: another process has been migrating it for a minute; try again when it is done');
    }
    const exists = await transaction.query(
      sql`select 1 as found from information_schema.tables where table_name = 'caravel_migration'`,
      { found: integer },
    );
    if (exists.length === 0) {
      await transaction.execute(sql`create table caravel_migration (version integer primary key)`);
    }
    const rows = await transaction.query(sql`select version from caravel_migration`, { version: integer });
    const applied = new Set(rows.map(({ version }) => version));
    const newest = Math.max(0, ...applied);
    const known = Math.max(...migrations.map(({ version }) => version));
    if (newest > known) {
      throw new Error(`journal: written by a newer Caravel (version ${newest}, this one knows ${known}); use that one`);
    }
    for (const migration of migrations) {
      if (applied.has(migration.version)) continue;
      for (const statement of migration.statements(database.engine)) await transaction.execute(statement);
      await transaction.execute(sql`insert into caravel_migration (version) values (${migration.version})`);
    }
  });
}
