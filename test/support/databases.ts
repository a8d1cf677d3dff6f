import { setTimeout as pause } from 'node:timers/promises';
import { dropDatabase, recreateDatabase } from '../../src/services/onDatabase.ts';
import { engine, serverUrl } from './engine.ts';
import { onPlain, type PlainConnection, quotedName } from './plainSql.ts';

/** How long sessions that were closed may go on being there. */
const longestGoodbyeMs = 20_000;

/**
 * Empty databases on the server of this pass, in place of those of the same names. @returns their URLs, in that order.
 */
export async function createDatabases<Names extends readonly string[]>(
  ...names: Names
): Promise<{ [index in keyof Names]: string }> {
  const urls: string[] = [];
  for (const name of names) urls.push(await (engine === 'sqlserver' ? recreateOnSqlServer(name) : recreate(name)));
  return urls as { [index in keyof Names]: string };
}

/** Drops databases, those that are there. Whoever was connected to them has closed its connections. */
export async function dropDatabases(...names: string[]): Promise<void> {
  for (const name of names) {
    if (engine === 'postgres') await dropDatabase(serverUrl(), name);
    else await onPlain(serverUrl(), (server) => dropOnSqlServer(server, name));
  }
}

const recreate = (name: string) => recreateDatabase(serverUrl(), name);

async function recreateOnSqlServer(name: string): Promise<string> {
  await onPlain(serverUrl(), async (server) => {
    await dropOnSqlServer(server, name);
    await server.run(`CREATE DATABASE ${quotedName(name)}`);
  });
  return Object.assign(new URL(serverUrl()), { pathname: `/${name}` }).href;
}

/** A session ends some time after its connection was closed, and nothing that every server knows ends it sooner. */
async function dropOnSqlServer({ run }: PlainConnection, name: string): Promise<void> {
  for (const until = Date.now() + longestGoodbyeMs; ; await pause(100)) {
    try {
      await run(`DROP DATABASE IF EXISTS ${quotedName(name)}`);
      return;
    } catch (error) {
      if (Date.now() > until || !/in use/i.test((error as Error).message)) throw error;
    }
  }
}
