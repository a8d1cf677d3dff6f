import { agreeing, countOf, grouped } from '../../wording/counts.ts';
import { blocks, mayBlock, type OfEntity, warns } from './findingKind.ts';

/** Rows of the destination that hang on users of it. */
export interface HangingRows {
  /** `Espace.Entity`, or the table's. */
  name: string;
  rows: number;
  table: string;
  column: string;
}

const listed = (hanging: readonly HangingRows[]) =>
  hanging.map(({ name, rows, table, column }) => `${name} (${countOf(rows, 'row')} by ${table}.${column})`).join(', ');

/** Whose grants they are. */
type Holders = 'users' | 'groups';

export const peopleFindings = {
  'user-missing': blocks<OfEntity & { missing: number; referred: number; there: string }>({
    sentence: ({ missing, referred, there }) =>
      `'${there}' lacks ${grouped(missing)} of the ${grouped(referred)} users that the data refers to ` +
      '(matched by tenant and user name)',
    remedy: 'create them there, or set "users" to "create"',
  }),
  'it-user-missing': mayBlock<OfEntity & { missing: number; there: string; mustBeThere: boolean }>({
    blocks: ({ mustBeThere }) => mustBeThere,
    sentence: ({ missing, there }) => `'${there}' lacks ${countOf(missing, 'IT user')} whom the data refers to`,
    remedy:
      'IT users are never created: create them in Service Center there, ' +
      'or let missingReferences say what becomes of references to them',
  }),
  'user-orphaned': warns<OfEntity & { users: number; here: string }>({
    sentence: ({ users, here }) =>
      `the data refers to ${countOf(users, 'user')} that '${here}' does not have itself; ` +
      'such references follow missingReferences',
  }),
  'user-ambiguous': warns<OfEntity & { names: number; there: string }>({
    sentence: ({ names, there }) =>
      `${countOf(names, 'user name belongs', 'user names belong')} to several users of one tenant in '${there}'; ` +
      'the active one is taken, then the one spelled alike, then the lowest id',
  }),
  'users-fall-together': warns<OfEntity & { users: number; there: string }>({
    sentence: ({ users, there }) =>
      `${countOf(users, 'user falls', 'users fall')} together with another one: in '${there}' their user names ` +
      'are the same in their tenant, and both become one user there; ' +
      'the active one decides, then the lowest id (--users lists them)',
  }),
  'user-nameless': warns<OfEntity & { users: number }>({
    sentence: ({ users }) => `${countOf(users, 'user has', 'users have')} no user name to be matched by`,
  }),
  'groups-fall-together': warns<OfEntity & { groups: number; there: string }>({
    sentence: ({ groups, there }) =>
      `${countOf(groups, 'group is', 'groups are')} called like another one of ${agreeing(groups, 'its', 'their')} ` +
      `tenant in '${there}' and ${agreeing(groups, 'becomes', 'become')} one group with it`,
  }),
  'role-missing': warns<OfEntity & { role: string; there: string; grants: number; holders: Holders }>({
    sentence: ({ role, there, grants, holders }) =>
      `'${there}' has no role '${role}'; ` +
      `${countOf(grants, 'grant')} of it to ${holders} ${agreeing(grants, 'is', 'are')} set aside`,
    remedy: 'publish its module there first',
  }),
  'grants-left-out': warns<OfEntity & { grants: number; there: string; holders: Holders }>({
    sentence: ({ grants, there, holders }) =>
      `${countOf(grants, 'grant')} to ${holders} ${agreeing(grants, 'is', 'are')} left out: ` +
      `${agreeing(grants, 'it is of a role', 'they are of roles')} outside the scope that '${there}' does not have`,
  }),
  'recreate-refused': blocks<OfEntity & { users: number; there: string; hanging: readonly HangingRows[] }>({
    sentence: ({ users, there, hanging }) =>
      `${countOf(users, 'user')} of '${there}' cannot be deleted and inserted anew, for rows hang on them ` +
      `that lie outside the scope or that no Delete rule takes along: ${listed(hanging)}`,
    remedy: 'remove those rows, or set "users" to "update"',
  }),
  'recreate-deletes': warns<OfEntity & { users: number; there: string; hanging: readonly HangingRows[] }>({
    sentence: ({ users, there, hanging }) =>
      `with ${countOf(users, 'user')} of '${there}' are deleted: ${listed(hanging)}`,
  }),
};
