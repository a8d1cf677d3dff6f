import type { Environment } from '../../outsystems/environment.ts';
import { isNullIdentifier } from '../../outsystems/naming.ts';
import { platformRows } from '../platformTable.ts';
import { groupRoleTable, groupTable, groupUserTable, roleTable, userRoleTable, userTable } from './peopleTables.ts';

/** A row of one of the link tables: what it links, in the order of the table's natural key (peopleTables.ts). */
export interface Link {
  id: string;
  ends: [string, string];
}

/** A table whose rows link two of user, group and role. */
export type LinkTable = typeof userRoleTable | typeof groupRoleTable | typeof groupUserTable;

/** Columns of the link tables. */
export const linkColumns: Record<LinkTable, [string, string]> = {
  [userRoleTable]: ['USER_ID', 'ROLE_ID'],
  [groupRoleTable]: ['GROUP_ID', 'ROLE_ID'],
  [groupUserTable]: ['GROUP_ID', 'USER_ID'],
};

/** Rows of a link table whose first end is one of the ids. Memory: the rows. @throws DatabaseError */
export async function readLinks(source: Environment, table: LinkTable, firstEnds: Iterable<string>): Promise<Link[]> {
  const [first, second] = linkColumns[table];
  const links: Link[] = [];
  const only = { column: first, ids: firstEnds };
  for await (const [id, one, other] of platformRows(source, table, ['ID', first, second], only)) {
    if (one !== null && other !== null) links.push({ id: String(id), ends: [String(one), String(other)] });
  }
  return links;
}

export interface RoleRow {
  id: string;
  name: string;
  espaceId: string;
  active: boolean;
}

/** Roles of the source. @throws DatabaseError */
export async function readRoles(source: Environment): Promise<Map<string, RoleRow>> {
  const roles = new Map<string, RoleRow>();
  const columns = ['ID', 'NAME', 'ESPACE_ID', 'IS_ACTIVE'];
  for await (const [id, name, espace, active] of platformRows(source, roleTable, columns)) {
    const role = { id: String(id), name: String(name ?? ''), espaceId: String(espace), active: active !== '0' };
    roles.set(role.id, role);
  }
  return roles;
}

/** Ids of the groups that hold one of these roles. @throws DatabaseError */
export async function groupsWithRoles(source: Environment, roles: readonly RoleRow[]): Promise<Set<string>> {
  const groups = new Set<string>();
  const only = { column: 'ROLE_ID', ids: roles.map(({ id }) => id) };
  for await (const [group] of platformRows(source, groupRoleTable, ['GROUP_ID'], only)) {
    if (group !== null) groups.add(String(group));
  }
  return groups;
}

export interface UserRow {
  id: string;
  tenantId: string | null;
  username: string | null;
  name: string | null;
  active: boolean;
}

/** Users with these ids, those that exist. Memory: some 300 bytes each. @throws DatabaseError */
export async function readUsers(source: Environment, ids: Iterable<string>): Promise<UserRow[]> {
  const users: UserRow[] = [];
  const columns = ['ID', 'TENANT_ID', 'USERNAME', 'NAME', 'IS_ACTIVE'];
  for await (const [id, tenantId, username, name, active] of platformRows(source, userTable, columns, { ids })) {
    users.push({
      id: String(id),
      tenantId: tenantId as string | null,
      username: username as string | null,
      name: name as string | null,
      active: active !== '0',
    });
  }
  return users;
}

export interface GroupRow {
  id: string;
  tenantId: string | null;
  name: string | null;
  createdBy: string | null;
}

/** Groups with these ids, those that exist. @throws DatabaseError */
export async function readGroups(source: Environment, ids: Iterable<string>): Promise<GroupRow[]> {
  const groups: GroupRow[] = [];
  const columns = ['ID', 'TENANT_ID', 'NAME', 'CREATED_BY'];
  for await (const [id, tenantId, name, creator] of platformRows(source, groupTable, columns, { ids })) {
    const createdBy = creator as string | null;
    groups.push({
      id: String(id),
      tenantId: tenantId as string | null,
      name: name as string | null,
      createdBy: createdBy !== null && isNullIdentifier(createdBy) ? null : createdBy,
    });
  }
  return groups;
}
