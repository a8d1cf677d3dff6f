import type { PhysicalForeignKey, PhysicalTable } from '../../database/port.ts';
import type { Entity, EntityKey } from '../../outsystems/catalog.ts';
import { sameName } from '../../outsystems/references.ts';
import { columnOf, type Environment, nameOf } from '../environment.ts';
import { groupTable, groupUserTable, peopleTables, userRoleTable, userTable } from './tables.ts';

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

/** Columns of process tables that hold ids of users (docs/metamodel.md §4). */
const processColumns: [string, string][] = [
  ['OSSYS_BPM_PROCESS', 'CREATED_BY'],
  ['OSSYS_BPM_PROCESS', 'LAST_MODIFIED_BY'],
  ['OSSYS_BPM_PROCESS', 'SUSPENDED_BY'],
  ['OSSYS_BPM_ACTIVITY', 'USER_ID'],
];

/** Ids in the text of one statement. */
const idsAtOnce = 1000;

/**
 * What hangs on users that are to be deleted and inserted anew (trap 42): followed from the users along the constraints of
 * the database and the references of the metamodel, as far as deleting would go. Nothing is written.
 * @param users their ids in the destination.
 * @param mayGo whether rows of the entity may be deleted: it is in the scope and was never migrated before.
 * @throws DatabaseError
 */
export async function findHanging(
  destination: Environment,
  users: readonly string[],
  mayGo: (entity: EntityKey) => Promise<boolean>,
): Promise<Recreation> {
  const found: Recreation = { deleted: [], repointed: [], refused: [] };
  if (users.length === 0) return found;
  const { database, catalog } = destination;
  const edges = await edgesByTarget(destination);
  const quote = (name: string) => database.quote(name);
  const textOf = ({ schema, name }: PhysicalTable) => `${quote(schema)}.${quote(name)}`;

  /** @param among conditions on the column, of which each stands for some of the rows that go. */
  const follow = async (target: PhysicalTable, among: string[], path: readonly string[]): Promise<void> => {
    for (const edge of edges.get(target.name.toUpperCase()) ?? []) {
      const name = edge.table.name.toUpperCase();
      if (path.includes(name)) continue;
      const conditions = among.map((rows) => `${quote(edge.column)} in (${rows})`);
      let rows = 0;
      for (const condition of conditions) {
        const [row] = await database.query(`select count(*) from ${textOf(edge.table)} where ${condition}`);
        rows += Number(row![0]);
      }
      if (rows === 0) continue;
      const hanging = {
        table: edge.table,
        column: edge.column,
        name: edge.entity ? nameOf(edge.entity) : edge.table.name,
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

/** A column that refers to a table. */
interface Edge {
  table: PhysicalTable;
  column: string;
  entity: Entity | null;
  /** What the constraint does; null where there is none. */
  onDelete: PhysicalForeignKey['onDelete'] | null;
}

const keyOf = (table: PhysicalTable) => table.primaryKey[0] ?? columnOf(table, 'ID') ?? table.columns[0]!.name;

/** Columns by the upper-case name of the table that they refer to. */
async function edgesByTarget({ database, catalog }: Environment): Promise<Map<string, Edge[]>> {
  const owners = new Map(
    catalog.entities.flatMap((entity) => (entity.table === null ? [] : [[entity.table.name.toUpperCase(), entity]])),
  );
  const edges = new Map<string, Map<string, Edge>>();
  const add = (target: string, table: PhysicalTable, column: string, onDelete: Edge['onDelete']) => {
    const ofTarget = edges.get(target.toUpperCase()) ?? new Map<string, Edge>();
    edges.set(target.toUpperCase(), ofTarget);
    const place = `${table.name}.${column}`.toUpperCase();
    if (ofTarget.has(place)) return;
    ofTarget.set(place, { table, column, entity: owners.get(table.name.toUpperCase()) ?? null, onDelete });
  };
  for (const table of await database.tables()) {
    if (table.type !== 'table') continue;
    for (const { column, target, onDelete, enabled } of table.foreignKeys) {
      if (enabled) add(target, table, column, onDelete);
    }
  }
  const tableOf = new Map(catalog.entities.map(({ key, table }) => [key, table]));
  for (const { table, attributes } of catalog.entities) {
    if (table?.type !== 'table') continue;
    for (const { references, column } of attributes) {
      const target = references === null ? null : tableOf.get(references);
      if (target && column !== null) add(target.name, table, column.name, null);
    }
  }
  const declared = [
    ...peopleTables.flatMap(({ table, references }) =>
      references.map(({ column, to }) => [table, column, to] as const),
    ),
    ...processColumns.map(([table, column]) => [table, column, userTable] as const),
  ];
  for (const [name, columnName, target] of declared) {
    const table = catalog.platformTables.get(name);
    const column = table && columnOf(table, columnName);
    if (table?.type === 'table' && column !== undefined) add(target, table, column, null);
  }
  return new Map([...edges].map(([target, ofTarget]) => [target, [...ofTarget.values()]]));
}
