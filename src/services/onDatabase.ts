import pg from 'pg';

/** URL of another database of the same PostgreSQL server. */
export const databaseUrl = (serverUrl: string, name: string): string =>
  Object.assign(new URL(serverUrl), { pathname: `/${encodeURIComponent(name)}` }).href;

/** Works on one connection of its own and closes it. */
export async function onDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Creates an empty database, in place of one of the same name. @returns its URL. */
export async function recreateDatabase(serverUrl: string, name: string): Promise<string> {
  await dropDatabase(serverUrl, name);
  await onDatabase(serverUrl, (client) => client.query(`create database "${name}" template template0 encoding 'UTF8'`));
  return databaseUrl(serverUrl, name);
}

/** Drops a database, if it is there, with the connections to it. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await onDatabase(serverUrl, (client) => client.query(`drop database if exists "${name}" with (force)`));
}
