import type { PhysicalTable } from '../../database/port.ts';
import { queryOne } from '../../database/queries.ts';
import { integer, text } from '../../database/shape.ts';
import { type Sql, sql } from '../../database/sql.ts';
import type { IdSet } from '../../identity/idSet.ts';
import type { EntityKey } from '../../outsystems/catalog.ts';
import { columnOf, type Environment } from '../../outsystems/environment.ts';
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
 * What hangs on users that are to be deleted and inserted anew (trap 42): followed from the users along the constraints of
 * the database and the references of the metamodel, as far as deleting would go. Nothing is written.
 * @param users their ids in the destination.
 * @throws DatabaseError
 */
export async function findHanging(
  destination: Environment,
  users: readonly string[],
  { referring, mayGo, emptied }: RecreationRules,
): Promise<Recreation> {
  const found: Recreation = { deleted: [], repointed: [], refused: [] };
  if (users.length === 0) return found;
  const { database, catalog } = destination;

  const count = async (table: PhysicalTable, conditions: Sql[], before: IdSet | undefined): Promise<number> => {
    let rows = 0;
    for (const condition of conditions) {
      const found = sql`from ${sql.table(table)} where ${condition}`;
      if (before === undefined) {
        const counted = sql`select ${sql.countOfRows} as total ${found}`;
        rows += (await queryOne(database, counted, { total: integer })).total;
      } else {
        const ids = await database.query(sql`select ${sql.id(keyOf(table))} as id ${found}`, { id: text });
        rows += ids.filter(({ id }) => !before.has(id)).length;
      }
    }
    return rows;
  };

  /** @param among conditions on the column, of which each stands for some of the rows that go. */
  const follow = async (target: PhysicalTable, among: Sql[], path: readonly string[]): Promise<void> => {
    for (const edge of referring.get(target.name.toUpperCase()) ?? []) {
      const name = edge.table.name.toUpperCase();
      const before = emptied.get(name);
      if (path.includes(name) || before === 'all') continue;
      const conditions = among.map((rows) => sql`${sql.id(edge.column)} in (${rows})`);
      const rows = await count(edge.table, conditions, before);
      if (rows === 0) continue;
      const hanging = {
        table: edge.table,
        column: edge.column,
        name: edge.entity ? entityName(edge.entity) : edge.table.name,
        rows,
      };
      const isLink = sameName(target.name, userTable) && (name === userRoleTable || name === groupUserTable);
      if (isLink) found.deleted.push(hanging);
      else if (name === groupTable && edge.onDelete === null) found.repointed.push(hanging);
      else if (edge.onDelete === 'cascade' && edge.entity !== null && (await mayGo(edge.entity.key))) {
        found.deleted.push(hanging);
        const deleted = sql`select ${sql.id(keyOf(edge.table))} from ${sql.table(edge.table)}`;
        const gone = conditions.map((condition) => sql`${deleted} where ${condition}`);
        await follow(edge.table, gone, [...path, name]);
      } else found.refused.push(hanging);
    }
  };
  const chunks: Sql[] = [];
  for (let at = 0; at < users.length; at += idsAtOnce) {
    // Written out, so that the column's own type decides and an index on it serves.
    chunks.push(sql.list(users.slice(at, at + idsAtOnce).map((id) => sql.literal(BigInt(id)))));
  }
  await follow(catalog.platformTables.get(userTable)!, chunks, [userTable]);
  return found;
}

const keyOf = (table: PhysicalTable) => table.primaryKey[0] ?? columnOf(table, 'ID') ?? table.columns[0]!.name;
