import type { PhysicalTable } from '../../database/port.ts';
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
  const quote = (name: string) => database.quote(name);
  const textOf = ({ schema, name }: PhysicalTable) => `${quote(schema)}.${quote(name)}`;

  const count = async (table: PhysicalTable, conditions: string[], before: IdSet | undefined): Promise<number> => {
    const wanted = before === undefined ? 'count(*)' : quote(keyOf(table));
    let rows = 0;
    for (const condition of conditions) {
      const found = await database.query(`select ${wanted} from ${textOf(table)} where ${condition}`);
      rows += before === undefined ? Number(found[0]![0]) : found.filter(([id]) => !before.has(String(id))).length;
    }
    return rows;
  };

  /** @param among conditions on the column, of which each stands for some of the rows that go. */
  const follow = async (target: PhysicalTable, among: string[], path: readonly string[]): Promise<void> => {
    for (const edge of referring.get(target.name.toUpperCase()) ?? []) {
      const name = edge.table.name.toUpperCase();
      const before = emptied.get(name);
      if (path.includes(name) || before === 'all') continue;
      const conditions = among.map((rows) => `${quote(edge.column)} in (${rows})`);
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
        const key = quote(keyOf(edge.table));
        const gone = conditions.map((condition) => `select ${key} from ${textOf(edge.table)} where ${condition}`);
        await follow(edge.table, gone, [...path, name]);
      } else found.refused.push(hanging);
    }
  };
  const chunks: string[] = [];
  for (let at = 0; at < users.length; at += idsAtOnce) {
    chunks.push(
      users
        .slice(at, at + idsAtOnce)
        .map((id) => String(BigInt(id)))
        .join(', '),
    );
  }
  await follow(catalog.platformTables.get(userTable)!, chunks, [userTable]);
  return found;
}

const keyOf = (table: PhysicalTable) => table.primaryKey[0] ?? columnOf(table, 'ID') ?? table.columns[0]!.name;
