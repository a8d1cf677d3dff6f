import { applicationTable } from '../../infra/demo/schema/applicationTables.ts';
import { quality } from '../../infra/demo/schema/environments.ts';
import { storedEntities } from '../../infra/demo/schema/factory.ts';
import { engine } from './engine.ts';
import { asCompared, onPlain, quotedName, rowsOf } from './plainSql.ts';

/** People and their access by name, each list sorted and with whatever is there twice. */
export interface People {
  /** `Tenant/username` */
  users: string[];
  /** `Tenant/group`, and who created it. */
  groups: string[];
  userRoles: string[];
  groupRoles: string[];
  groupUsers: string[];
}

/**
 * Accounts of the source that are another's too: 'clerk1 ' is nobody but 'clerk1' where the engine sees no blanks at
 * the end.
 */
export const twins = engine === 'sqlserver' ? 1 : 0;

const account = `ut."NAME", '/', ${asCompared(engine, 'u."USERNAME"')}`;
const users = `"OSSYS_USER" u JOIN "OSSYS_TENANT" ut ON ut."ID" = u."TENANT_ID"`;
const group = `gt."NAME", '/', g."NAME"`;
const groups = `"OSSYS_GROUP" g JOIN "OSSYS_TENANT" gt ON gt."ID" = g."TENANT_ID"`;
const role = `e."NAME", '.', r."SS_KEY"`;
const roles = `"OSSYS_ROLE" r JOIN "OSSYS_ESPACE" e ON e."ID" = r."ESPACE_ID"`;

const questions: Record<keyof People, string> = {
  users: `SELECT CONCAT(${account}) FROM ${users}`,
  groups: `SELECT CONCAT(${group}, ' by ', CASE WHEN u."ID" IS NULL THEN '?' ELSE CONCAT(${account}) END) FROM ${groups}
    LEFT JOIN "OSSYS_USER" u ON u."ID" = g."CREATED_BY" LEFT JOIN "OSSYS_TENANT" ut ON ut."ID" = u."TENANT_ID"`,
  userRoles: `SELECT CONCAT(${account}, ' has ', ${role}) FROM "OSSYS_USER_ROLE" l
    JOIN (${users}) ON u."ID" = l."USER_ID" JOIN (${roles}) ON r."ID" = l."ROLE_ID"`,
  groupRoles: `SELECT CONCAT(${group}, ' has ', ${role}) FROM "OSSYS_GROUP_ROLE" l
    JOIN (${groups}) ON g."ID" = l."GROUP_ID" JOIN (${roles}) ON r."ID" = l."ROLE_ID"`,
  groupUsers: `SELECT CONCAT(${account}, ' in ', ${group}) FROM "OSSYS_GROUP_USER" l
    JOIN (${users}) ON u."ID" = l."USER_ID" JOIN (${groups}) ON g."ID" = l."GROUP_ID"`,
};

/** Reads an environment's people with plain SQL; knows nothing of src/. */
export function readPeople(url: string): Promise<People> {
  return onPlain(url, async ({ arrays }) => {
    const people: Record<string, string[]> = {};
    for (const [what, question] of Object.entries(questions)) {
      people[what] = (await arrays(question)).map(([name]) => name!).sort();
    }
    return people as unknown as People;
  });
}

/** What one has or the other, each once. */
export const union = (...lists: string[][]): string[] => [...new Set(lists.flat())].sort();

/**
 * What of the demo's people a migration of Order Management brings: all but the drivers, who are another application's.
 */
export function arriving(source: People): People {
  const without = (names: string[]) => names.filter((name) => !name.includes('/Drivers'));
  return {
    users: source.users,
    groups: without(source.groups),
    userRoles: source.userRoles,
    groupRoles: without(source.groupRoles),
    groupUsers: without(source.groupUsers),
  };
}

/** An account as its table has it, by `Tenant/username`; of twins the elder. */
export async function readAccounts(url: string): Promise<Map<string, Record<string, string | null>>> {
  const question = `SELECT CONCAT(${account}) AS "account", u.* FROM ${users} ORDER BY u."ID" DESC`;
  return new Map((await rowsOf(url, question)).map(({ account, ...columns }) => [account!, columns]));
}

/**
 * Deletes the destination's own process instances: their rows hang on people too, and no Delete rule takes them along.
 */
export const instancesEmptied = 'DELETE FROM "OSSYS_BPM_PROCESS"';

/**
 * Deletes the rows of the destination's application entities, those of the espaces that are chosen, and what their
 * events have put into the queues meanwhile.
 * @throws Error where rows of other espaces refer to them
 */
export async function emptyApplications(url: string, isChosen: (espace: string) => boolean): Promise<void> {
  const tables = storedEntities
    .filter(({ espace, kind }) => kind === 'entity' && isChosen(espace))
    .map((described) => applicationTable(quality, described));
  await onPlain(url, async ({ run }) => {
    let circlesAreCut = false;
    // What others still refer to is refused, and goes in a later round.
    for (let left = tables; left.length > 0; ) {
      const refused: typeof left = [];
      let reason: unknown;
      for (const table of left) {
        await run(`DELETE FROM ${quotedName(table.name)}`).catch((error: unknown) => {
          refused.push(table);
          reason = error;
        });
      }
      if (refused.length === left.length) {
        if (circlesAreCut) throw reason;
        circlesAreCut = true;
        for (const { name, primaryKey, foreignKeys } of left) {
          const references = foreignKeys.filter(({ column }) => column !== primaryKey?.column);
          const cut = references.map(({ column }) => `${quotedName(column)} = NULL`);
          if (cut.length > 0) await run(`UPDATE ${quotedName(name)} SET ${cut.join(', ')}`);
        }
      }
      left = refused;
    }
    await run('DELETE FROM "OSSYS_BPM_EVENT_QUEUE"', 'DELETE FROM "OSSYS_BPM_EVENT"');
  });
}
