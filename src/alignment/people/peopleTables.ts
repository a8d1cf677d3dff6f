import type { DeclaredEntity } from '../../outsystems/declaredEntities.ts';

export const userTable = 'OSSYS_USER';
export const groupTable = 'OSSYS_GROUP';
export const roleTable = 'OSSYS_ROLE';
export const userRoleTable = 'OSSYS_USER_ROLE';
export const groupRoleTable = 'OSSYS_GROUP_ROLE';
export const groupUserTable = 'OSSYS_GROUP_USER';

/** A table of people or of their access, whose rows are matched by what they mean and created where missing. */
export interface PeopleTable extends DeclaredEntity {
  /**
   * Columns by which a row is known in the destination, those that both sides have (guide, "Create or Update Users &
   * Groups").
   */
  on: string[];
  /** Columns that change with every use, in both environments: no proof compares them. */
  volatile: string[];
}

const onDelete = (column: string, to: string) => ({ column, to, rule: 'Delete' as const });

/**
 * In the order of the guide (docs/metamodel.md §3). OSSYS_USER_EFFECTIVE_ROLE is a view of these and never written
 * (trap 37).
 */
export const peopleTables: readonly PeopleTable[] = [
  { table: userTable, name: 'User', on: ['TENANT_ID', 'USERNAME'], volatile: ['LAST_LOGIN'], references: [] },
  {
    table: groupTable,
    name: 'Group',
    on: ['TENANT_ID', 'NAME'],
    volatile: [],
    references: [{ column: 'CREATED_BY', to: userTable, rule: 'Ignore' }],
  },
  {
    table: userRoleTable,
    name: 'User_Role',
    on: ['USER_ID', 'ROLE_ID'],
    volatile: [],
    references: [onDelete('USER_ID', userTable), onDelete('ROLE_ID', roleTable)],
  },
  {
    table: groupRoleTable,
    name: 'Group_Role',
    on: ['GROUP_ID', 'ROLE_ID'],
    volatile: [],
    references: [onDelete('GROUP_ID', groupTable), onDelete('ROLE_ID', roleTable)],
  },
  {
    table: groupUserTable,
    name: 'Group_User',
    on: ['GROUP_ID', 'USER_ID'],
    volatile: [],
    references: [onDelete('GROUP_ID', groupTable), onDelete('USER_ID', userTable)],
  },
];

/** What `update` leaves as it is in the destination (docs/people.md). */
export const neverOverwritten: ReadonlySet<string> = new Set([
  'ID',
  'TENANT_ID',
  'USERNAME',
  'PASSWORD',
  'CREATION_DATE',
  'LAST_LOGIN',
]);
