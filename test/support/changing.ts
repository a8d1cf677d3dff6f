import { dialect } from './ddl.ts';
import { openPlain, type PlainConnection, quotedName } from './plainSql.ts';
import type { Redefinition } from './redefinitions.ts';

/** A statement that begins as `update "T"`, `insert into "T"` or `delete from "T"`, or a change of definitions. */
export type Change = string | Redefinition;

/** A database that tests share: each changes it for a while, and leaves it as it was. */
export interface ChangingDatabase {
  make(...changes: Change[]): Promise<void>;
  /** Takes back all that was made since the last time. @throws Error where a table is not what it was before */
  takeBack(): Promise<void>;
  close(): Promise<void>;
}

/** @param triggered tables into which triggers write what changes in others */
export async function openChangingDatabase(url: string, triggered: readonly string[]): Promise<ChangingDatabase> {
  const plain = await openPlain(url);
  const minting = new Set((await plain.arrays(dialect.tablesWithIdentity)).map(([table]) => table!));
  let saved: SavedTable[] = [];
  let redefined: Redefinition[] = [];

  const save = async (table: string) => {
    if (saved.some((one) => one.table === table)) return;
    await plain.run(`SELECT * INTO ${copyOf(table)} FROM ${quotedName(table)}`);
    saved.push({ table, columns: await columnsOf(plain, table), mints: minting.has(table) });
  };

  return {
    async make(...changes) {
      if (changes.length === 0) return;
      if (saved.length === 0) for (const table of triggered) await save(table);
      for (const change of changes) {
        await save(typeof change === 'string' ? tableOf(change) : change.table);
        if (typeof change !== 'string') redefined.unshift(change);
        await plain.run(...(typeof change === 'string' ? [change] : change.run));
      }
    },
    async takeBack() {
      const [tables, redefinitions] = [saved, redefined];
      [saved, redefined] = [[], []];
      for (const { back } of redefinitions) await plain.run(...back);
      // Those that triggers write to come last, when nothing is written elsewhere any more.
      const changed = [...tables.slice(triggered.length), ...tables.slice(0, triggered.length)];
      for (const table of changed.toReversed()) await plain.run(withoutAddedRows(table));
      for (const table of changed) await plain.run(...putBack(table));
      for (const { table, columns } of tables) {
        const list = columns.map(quotedName).join(', ');
        const [now, before] = [quotedName(table), copyOf(table)].map((name) => `SELECT ${list} FROM ${name}`);
        const differing = `(${now} EXCEPT ${before}) UNION ALL (${before} EXCEPT ${now})`;
        const [rows] = await plain.arrays(`SELECT count(*) FROM (${differing}) AS differing`);
        if (rows![0] !== '0') throw new Error(`${table} is not as it was before the test`);
      }
      await plain.run(...tables.map(({ table }) => `DROP TABLE ${copyOf(table)}`));
    },
    close: () => plain.end(),
  };
}

/** Holds a table as it was: no entity has one of this name, so Caravel does not look at it. */
const copyOf = (table: string) => quotedName(`SAVED_${table}`);

interface SavedTable {
  table: string;
  columns: string[];
  /** Its ids are an identity. */
  mints: boolean;
}

function tableOf(statement: string): string {
  const found =
    /(?:update|insert into|delete from)\s+"([^"]+)"/i.exec(statement) ??
    // `updateFrom` of SQL Server.
    /^update t .* from "([^"]+)" as t,/i.exec(statement);
  if (found === null) throw new Error(`it cannot be seen which table this changes: ${statement}`);
  return found[1]!;
}

async function columnsOf(plain: PlainConnection, table: string): Promise<string[]> {
  const [nothing] = await plain.rows(
    `SELECT c.* FROM (SELECT 1 AS one) AS o LEFT JOIN ${quotedName(table)} AS c ON 1 = 0`,
  );
  return Object.keys(nothing!);
}

const hasId = ({ columns }: SavedTable) => columns.includes('ID');

function withoutAddedRows(saved: SavedTable): string {
  const all = `DELETE FROM ${quotedName(saved.table)}`;
  return hasId(saved) ? `${all} WHERE "ID" NOT IN (SELECT "ID" FROM ${copyOf(saved.table)})` : all;
}

/** Statements after which the rows that the table has and had are as they were, and those that it lost are back. */
function putBack(saved: SavedTable): string[] {
  const { table, columns, mints } = saved;
  const name = quotedName(table);
  const list = columns.map(quotedName).join(', ');
  const insert = `INSERT INTO ${name} (${list}) SELECT ${list} FROM ${copyOf(table)}`;
  if (!hasId(saved)) return [withoutAddedRows(saved), insert];
  const others = columns.filter((column) => column !== 'ID').map(quotedName);
  const missing = `${insert} WHERE "ID" NOT IN (SELECT "ID" FROM ${name})`;
  return [
    withoutAddedRows(saved),
    dialect.updateFrom(
      table,
      others.map((column) => `${column} = s.${column}`).join(', '),
      `${copyOf(table)} AS s`,
      's."ID" = t."ID"',
    ),
    mints ? dialect.withIds(table, missing) : missing,
  ];
}
