import { afterAll } from 'vitest';
import { alignMatched } from '../../src/alignment/alignMatched.ts';
import { connect } from '../../src/database/connect.ts';
import type { Database } from '../../src/database/port.ts';
import type { Entity, EntityKind, StaticRecord } from '../../src/outsystems/catalog.ts';
import type { Environment } from '../../src/outsystems/environment.ts';
import { platformEntityKey } from '../../src/outsystems/platform.ts';
import { createDatabases, dropDatabases } from '../support/databases.ts';
import { dialect, types } from '../support/ddl.ts';
import { openPlain, type PlainConnection } from '../support/plainSql.ts';

/**
 * Small hand-made environments, each in a database of its name, which the next one of that name takes over. All are
 * dropped at the end.
 */
interface Place {
  databaseName: string;
  url: string;
  database: Database;
  plain: PlainConnection;
  /** The tables that are there, and the definition of their columns. */
  tables: Map<string, string>;
}

const places = new Map<string, Place>();
const open = (name: string, url: string) => connect({ name, url, readOnly: false, pool: 2 });

async function placeOf(name: string): Promise<Place> {
  const there = places.get(name);
  if (there) return there;
  const databaseName = `caravel_alignment_${name}_${process.pid}`;
  const [url] = await createDatabases(databaseName);
  const database = open(name, url);
  const plain = await openPlain(url);
  await plain.run(...dialect.collations);
  const place: Place = { databaseName, url, database, plain, tables: new Map() };
  places.set(name, place);
  return place;
}

afterAll(async () => {
  for (const { database, plain } of places.values()) await Promise.all([database.close(), plain.end()]);
  await dropDatabases(...[...places.values()].map(({ databaseName }) => databaseName));
  places.clear();
});

/**
 * A table as its rows: the first array names the columns, `null` stands for NULL, booleans and numbers give the types.
 */
export type Rows = [string[], ...(string | number | boolean | null)[][]];

export interface Contents {
  tables: Record<string, Rows>;
  /** Types of columns, by `TABLE.COLUMN`, where their values do not say it. */
  types?: Record<string, string>;
  entities?: { key: string; name: string; kind: EntityKind; table: string; identifier?: string }[];
  records?: StaticRecord[];
}

/**
 * Builds an environment's database and its catalog, with just the parts that an alignment reads. The environment of the
 * same name that was built before is gone then.
 */
export async function buildEnvironment(name: string, contents: Contents): Promise<Environment> {
  const place = await placeOf(name);
  if (await fill(place, contents)) {
    // An open database may remember what its tables were like.
    await place.database.close();
    place.database = open(name, place.url);
  }
  const { database } = place;
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

/**
 * Makes the tables of a database these, with these rows; those that have their columns already are emptied.
 * @returns whether a table was made.
 */
async function fill(place: Place, { tables, types = {} }: Contents): Promise<boolean> {
  let made = false;
  const statements: string[] = [];
  for (const table of place.tables.keys()) {
    if (tables[table] !== undefined && place.tables.get(table) === columnsOf(table, tables[table], types)) continue;
    statements.push(`drop table "${table}"`);
    place.tables.delete(table);
  }
  for (const [table, content] of Object.entries(tables)) {
    const [, ...rows] = content;
    const columns = columnsOf(table, content, types);
    const isThere = place.tables.has(table);
    made ||= !isThere;
    statements.push(isThere ? `delete from "${table}"` : `create table "${table}" (${columns})`);
    place.tables.set(table, columns);
    if (rows.length === 0) continue;
    statements.push(
      `insert into "${table}" values ${rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}`,
    );
  }
  await place.plain.run(statements.join(';\n'));
  return made;
}

function columnsOf(table: string, [columns, ...rows]: Rows, declared: Record<string, string>): string {
  const typeOf = (column: string, index: number) => {
    const sample = rows.map((row) => row[index]).find((value) => value !== null && value !== undefined);
    const type =
      typeof sample === 'number' ? 'integer' : typeof sample === 'boolean' ? types.boolean : types.exactText(250);
    return declared[`${table}.${column}`] ?? type;
  };
  return columns.map((column, index) => `"${column}" ${typeOf(column, index)}`).join(', ');
}

function literal(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  return typeof value === 'number' ? String(value) : dialect.text(String(value));
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
  return { maps: alignment.maps, warnings: alignment.findings.warnings, pairsOf };
}
