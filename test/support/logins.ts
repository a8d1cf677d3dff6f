import { engine, schema, serverUrl } from './engine.ts';
import { onPlain, type PlainConnection, quotedName } from './plainSql.ts';

/** A login to one database that may connect, and what it is granted. */
export interface LimitedLogin {
  name: string;
  url: string;
  /** @param rights `SELECT, INSERT` */
  grant(rights: string, tables: readonly string[]): Promise<void>;
  drop(): Promise<void>;
}

const password = 'Aa1!limited';

/**
 * Makes a login to the database of an owner's URL.
 * @param stages whether it may make temporary tables: on PostgreSQL only, for on SQL Server everybody may
 */
export async function createLimitedLogin(ownerUrl: string, name: string, stages: boolean): Promise<LimitedLogin> {
  const login = quotedName(name);
  const { pathname } = new URL(ownerUrl);
  const onOwners = (...statements: string[]) => onPlain(ownerUrl, ({ run }) => run(...statements));
  const onServer = (...statements: string[]) => onPlain(serverUrl(), ({ run }) => run(...statements));
  if (engine === 'sqlserver') {
    await onServer(`CREATE LOGIN ${login} WITH PASSWORD = '${password}'`);
    await onOwners(`CREATE USER ${login} FOR LOGIN ${login}`);
  } else {
    await onServer(`CREATE ROLE ${login} LOGIN PASSWORD '${password}'`);
    if (stages) await onServer(`GRANT TEMPORARY ON DATABASE ${quotedName(pathname.slice(1))} TO ${login}`);
  }
  const granted: { rights: string; table: string }[] = [];
  return {
    name,
    url: Object.assign(new URL(ownerUrl), { username: name, password }).href,
    async grant(rights, tables) {
      granted.push(...tables.map((table) => ({ rights, table })));
      await onOwners(...tables.map((table) => `GRANT ${rights} ON ${quotedName(table)} TO ${login}`));
    },
    async drop() {
      if (engine === 'sqlserver') {
        // Its rights go with a user, but not on every server.
        const revoked = granted.map(({ rights, table }) => `REVOKE ${rights} ON ${quotedName(table)} FROM ${login}`);
        await onOwners(...revoked, `DROP USER ${login}`);
        await onServer(`DROP LOGIN ${login}`);
      } else {
        await onOwners(`DROP OWNED BY ${login}`);
        await onServer(`DROP ROLE ${login}`);
      }
    },
  };
}

/** Names of all tables and views of an environment. */
export async function tableNames({ arrays }: PlainConnection): Promise<string[]> {
  const found = await arrays(`select table_name from information_schema.tables where table_schema = '${schema}'`);
  return found.map(([name]) => name!);
}
