import { onDatabase } from '../../infra/services/onDatabase.ts';

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

const account = `ut."NAME" || '/' || u."USERNAME"`;
const users = `"OSSYS_USER" u JOIN "OSSYS_TENANT" ut ON ut."ID" = u."TENANT_ID"`;
const group = `gt."NAME" || '/' || g."NAME"`;
const groups = `"OSSYS_GROUP" g JOIN "OSSYS_TENANT" gt ON gt."ID" = g."TENANT_ID"`;
const role = `e."NAME" || '.' || r."SS_KEY"`;
const roles = `"OSSYS_ROLE" r JOIN "OSSYS_ESPACE" e ON e."ID" = r."ESPACE_ID"`;

const questions: Record<keyof People, string> = {
  users: `SELECT ${account} FROM ${users}`,
  groups: `SELECT ${group} || ' by ' || coalesce(${account}, '?') FROM ${groups}
    LEFT JOIN "OSSYS_USER" u ON u."ID" = g."CREATED_BY" LEFT JOIN "OSSYS_TENANT" ut ON ut."ID" = u."TENANT_ID"`,
  userRoles: `SELECT ${account} || ' has ' || ${role} FROM "OSSYS_USER_ROLE" l
    JOIN (${users}) ON u."ID" = l."USER_ID" JOIN (${roles}) ON r."ID" = l."ROLE_ID"`,
  groupRoles: `SELECT ${group} || ' has ' || ${role} FROM "OSSYS_GROUP_ROLE" l
    JOIN (${groups}) ON g."ID" = l."GROUP_ID" JOIN (${roles}) ON r."ID" = l."ROLE_ID"`,
  groupUsers: `SELECT ${account} || ' in ' || ${group} FROM "OSSYS_GROUP_USER" l
    JOIN (${users}) ON u."ID" = l."USER_ID" JOIN (${groups}) ON g."ID" = l."GROUP_ID"`,
};

/** Reads an environment's people with plain SQL; knows nothing of src/. */
export function readPeople(url: string): Promise<People> {
  return onDatabase(url, async (client) => {
    const people: Record<string, string[]> = {};
    for (const [what, question] of Object.entries(questions)) {
      const { rows } = await client.query({
        text: `SELECT * FROM (${question}) AS q (name) ORDER BY 1`,
        rowMode: 'array',
      });
      people[what] = rows.map(([name]) => String(name)).sort();
    }
    return people as unknown as People;
  });
}

/** What one has or the other, each once. */
export const union = (...lists: string[][]): string[] => [...new Set(lists.flat())].sort();

/** What of the demo's people a migration of Order Management brings: all but the drivers, who are another application's. */
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

/** An account as its table has it, by `Tenant/username`. */
export async function readAccounts(url: string): Promise<Map<string, Record<string, string>>> {
  const { rows } = await onDatabase(url, (client) => client.query(`SELECT ${account} AS account, u.* FROM ${users}`));
  return new Map(rows.map(({ account, ...columns }) => [account, columns]));
}

/** Deletes the destination's own process instances: their rows hang on people too, and no Delete rule takes them along. */
export const instancesEmptied = 'DELETE FROM "OSSYS_BPM_PROCESS"';

const entitiesOf = (espaces: string) => `tablename IN (SELECT e."PHYSICAL_TABLE_NAME" FROM "OSSYS_ENTITY" e
  JOIN "OSSYS_ESPACE" s ON s."ID" = e."ESPACE_ID" WHERE e."DATA_KIND" = 'entity' AND s."NAME" ${espaces})`;

/** Deletes the rows of the application entities of espaces, given by a condition on their name. */
export const emptied = (espaces: string): string => `
  DO $$ DECLARE t text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR t IN SELECT tablename FROM pg_tables WHERE tablename LIKE 'OSUSR\\_%' AND ${entitiesOf(espaces)} LOOP EXECUTE format('DELETE FROM %I', t); END LOOP;
  END $$`;
