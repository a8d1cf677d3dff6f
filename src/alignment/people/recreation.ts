import type { Database, PhysicalTable } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer, text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { IdSet } from '../../identity/idSet.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { columnOf, type Environment, requiredTable } from '../../outsystems/environment.ts';
import { entityName, sameName } from '../../outsystems/naming.ts';
import type { ReferringColumn } from '../../outsystems/referringColumns.ts';
import { groupTable, groupUserTable, userRoleTable, userTable } from './peopleTables.ts';

/** Rows of the destination that refer to users, or to rows that go with them. */
export interface Hanging {
  table: PhysicalTable;
  column: string;
  /** `Espace.Entity`, else the table. */
  name: string;
  rows: number;
}

export interface Recreation {
  /** Deleted with their users: links of people, and rows that a Delete rule of the scope's own entities takes along. */
  deleted: Hanging[];
  /** Led to the new user. */
  repointed: Hanging[];
  /** Stand in the way: outside the scope, or no rule allows that they go. */
  refused: Hanging[];
}

/** Ids in the text of one statement. */
const idsAtOnce = 1000;

/** What deleting users may touch. */
export interface RecreationRules {
  /** Columns of the destination by the upper-case name of the table that they refer to. */
  referring: ReadonlyMap<string, ReferringColumn[]>;
  /** Whether rows of the entity may be deleted: it is in the scope and was never migrated before. */
  mayGo(entity: EntityKey): Promise<boolean>;
  /** What is emptied before, by upper-case table: all of it, or the rows with these ids. */
  emptied: ReadonlyMap<string, 'all' | IdSet>;
}

/**
 * What hangs on users that are to be deleted and inserted anew (trap 42): followed from the users along the constraints
 * of the database and the references of the metamodel, as far as deleting would go. Nothing is written.
 * @param users their ids in the destination.
 * @throws DatabaseError
 */
export async function findHanging(
  destination: Environment,
  users: readonly string[],
  rules: RecreationRules,
): Promise<Recreation> {
  const recreation: Recreation = { deleted: [], repointed: [], refused: [] };
  if (users.length === 0) return recreation;
  const table = requiredTable(destination.catalog, userTable);
  const rows: Sql[] = [];
  for (let at = 0; at < users.length; at += idsAtOnce) {
    // Written out, so that the column's own type decides and an index on it serves.
    rows.push(sql.list(users.slice(at, at + idsAtOnce).map((id) => sql.literal(BigInt(id)))));
  }
  for await (const { fate, hanging } of follow(destination.database, rules, { table, rows, path: [userTable] })) {
    recreation[fate].push(hanging);
  }
  return recreation;
}

/** Rows of a table that would be deleted. */
interface GoingRows {
  table: PhysicalTable;
  /** Lists of their ids, of which each stands for some of the rows. */
  rows: Sql[];
  /** Upper-case names of the tables that lead here from the users, and of this one. */
  path: readonly string[];
}

/** What hangs on rows that would be deleted, and on what is deleted with them. */
async function* follow(
  database: Database,
  rules: RecreationRules,
  going: GoingRows,
): AsyncGenerator<{ fate: keyof Recreation; hanging: Hanging }> {
  const { referring, emptied } = rules;
  for (const { table, column, entity, onDelete } of referring.get(going.table.name.toUpperCase()) ?? []) {
    const name = table.name.toUpperCase();
    const emptiedRows = emptied.get(name);
    if (going.path.includes(name) || emptiedRows === 'all') continue;
    const conditions = going.rows.map((rows) => sql`${sql.id(column)} in (${rows})`);
    const rows = await countRows(database, table, conditions, emptiedRows);
    if (rows === 0) continue;
    const hanging = { table, column, name: entity ? entityName(entity) : table.name, rows };
    const isLink = sameName(going.table.name, userTable) && (name === userRoleTable || name === groupUserTable);
    if (isLink) yield { fate: 'deleted', hanging };
    else if (name === groupTable && onDelete === null) yield { fate: 'repointed', hanging };
    else if (onDelete === 'cascade' && entity !== null && (await rules.mayGo(entity.key))) {
      yield { fate: 'deleted', hanging };
      const ids = sql`select ${sql.id(keyOf(table))} from ${sql.table(table)}`;
      const deleted = { table, rows: conditions.map((condition) => sql`${ids} where ${condition}`) };
      yield* follow(database, rules, { ...deleted, path: [...going.path, name] });
    } else yield { fate: 'refused', hanging };
  }
}

/** Rows of a table that meet one of the conditions, without those that are emptied before. @throws DatabaseError */
async function countRows(
  database: Database,
  table: PhysicalTable,
  conditions: Sql[],
  emptied: IdSet | undefined,
): Promise<number> {
  let rows = 0;
  for (const condition of conditions) {
    const matching = sql`from ${sql.table(table)} where ${condition}`;
    if (emptied === undefined) {
      const counted = sql`select ${sql.countOfRows} as total ${matching}`;
      rows += (await queryOne(database, counted, { total: integer })).total;
    } else {
      const ids = await database.query(sql`select ${sql.id(keyOf(table))} as id ${matching}`, { id: text });
      rows += ids.filter(({ id }) => !emptied.has(id)).length;
    }
  }
  return rows;
}

function keyOf(table: PhysicalTable): string {
  const key = table.primaryKey[0] ?? columnOf(table, 'ID') ?? table.columns[0]?.name;
  if (key === undefined) throw new Error(`${table.name} has no column by which its rows could be told apart`);
  return key;
}
