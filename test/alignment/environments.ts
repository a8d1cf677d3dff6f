import { afterAll } from 'vitest';
import { alignMatched } from '../../src/alignment/alignMatched.ts';
import type { Environment } from '../../src/alignment/environment.ts';
import { connectPostgres } from '../../src/database/postgres/connect.ts';
import type { Entity, EntityKind, StaticRecord } from '../../src/outsystems/catalog.ts';
import { platformEntityKey } from '../../src/outsystems/platform.ts';

/**
 * Small hand-made environments in databases of their own on the PostgreSQL of the test run. All are dropped at the end.
 */
const superuser = process.env.CARAVEL_TEST_POSTGRES;
if (superuser === undefined) throw new Error('CARAVEL_TEST_POSTGRES is not set: run the tests with `npm test`');

const server = connectPostgres({ name: 'server', url: superuser, readOnly: false, pool: 1 });
const opened: { environment: Environment; database: string }[] = [];

afterAll(async () => {
  for (const { environment, database } of opened.splice(0)) {
    await environment.database.close();
    await server.execute(`drop database "${database}"`);
  }
  await server.close();
});

/** A table as its rows: the first array names the columns, `null` stands for NULL, booleans and numbers give the types. */
export type Rows = [string[], ...(string | number | boolean | null)[][]];

export interface Contents {
  tables: Record<string, Rows>;
  entities?: { key: string; name: string; kind: EntityKind; table: string; identifier?: string }[];
  records?: StaticRecord[];
}

/** Builds an environment's database and its catalog, with just the parts that an alignment reads. */
export async function buildEnvironment(name: string, contents: Contents): Promise<Environment> {
  const databaseName = `caravel_alignment_${name}_${process.pid}_${opened.length}`;
  await server.execute(`create database "${databaseName}"`);
  const url = new URL(superuser!);
  url.pathname = `/${databaseName}`;
  const database = connectPostgres({ name, url: url.href, readOnly: false, pool: 2 });
  const environment: Environment = {
    database,
    catalog: {
      environment: name,
      applications: [],
      solutions: [],
      espaces: [],
      entities: [],
      formerKeys: new Set(),
      records: contents.records ?? [],
      platformTables: new Map(),
    },
  };
  opened.push({ environment, database: databaseName });
  for (const [table, rows] of Object.entries(contents.tables)) await createTable(environment, table, rows);

  const tables = await database.tables();
  for (const table of tables) {
    if (table.name.toUpperCase().startsWith('OSSYS_'))
      environment.catalog.platformTables.set(table.name.toUpperCase(), table);
  }
  for (const { key, name: entityName, kind, table, identifier = 'ID' } of contents.entities ?? []) {
    const physical = tables.find((candidate) => candidate.name === table) ?? null;
    const column = physical?.columns.find((candidate) => candidate.name === identifier) ?? null;
    // Alignment reads no more of an entity than this.
    environment.catalog.entities.push({
      key,
      name: entityName,
      kind,
      espace: { name: 'Sales' },
      physicalTableName: table,
      table: physical,
      identifier: column === null ? null : { column },
    } as Entity);
  }
  return environment;
}

async function createTable({ database }: Environment, table: string, [columns, ...rows]: Rows): Promise<void> {
  const typeOf = (index: number) => {
    const sample = rows.map((row) => row[index]).find((value) => value !== null && value !== undefined);
    return typeof sample === 'number' ? 'integer' : typeof sample === 'boolean' ? 'boolean' : 'text';
  };
  const definitions = columns.map((column, index) => `"${column}" ${typeOf(index)}`);
  await database.execute(`create table "${table}" (${definitions.join(', ')})`);
  for (const row of rows) {
    await database.execute(`insert into "${table}" values (${row.map(() => '?').join(', ')})`, row);
  }
}

/** An OSSYS_ESPACE with the same three espaces under the given ids, the last one deleted. */
export const espaces = (sales: number, users: number, dead: number): Rows => [
  ['ID', 'NAME', 'SS_KEY', 'IS_ACTIVE'],
  [sales, 'Sales', 'e-sales', true],
  [users, 'Users', 'E-USERS', true],
  [dead, 'Old(deleted0)', 'e-old', false],
];

/** Builds both environments and aligns the tables (OSSYS_ names) or entities (keys). */
export async function align(source: Contents, destination: Contents, tables: string[]) {
  const request = {
    source: await buildEnvironment('production', source),
    destination: await buildEnvironment('quality', destination),
    entities: tables.map((table) => (table.startsWith('OSSYS_') ? platformEntityKey(table) : table)),
  };
  const alignment = await alignMatched(request);
  const pairsOf = (table: string) => {
    const key = table.startsWith('OSSYS_') ? platformEntityKey(table) : table;
    const map = alignment.maps.find(({ entity }) => entity === key);
    return map && Object.fromEntries(map.pairs);
  };
  return { ...alignment, pairsOf };
}
