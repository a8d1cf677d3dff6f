import type { MigrationSpecInput } from '../../src/config/migrationSpec.ts';
import { createWorld } from './data/createWorld.ts';
import { subscriptionRows } from './data/subscriptions.ts';
import { entityRows, leftoverRows, rowCounts } from './data/tableRows.ts';
import { type TextPools, textPools } from './data/textPools.ts';
import type { CreateDemoDatabase } from './dialect/dialect.ts';
import { createPostgresDatabase, dropPostgresDatabase } from './dialect/postgres.ts';
import { createSqlServerDatabase, dropSqlServerDatabase } from './dialect/sqlserver.ts';
import { applicationTable, leftoverTables } from './schema/applicationTables.ts';
import { type EnvironmentDescription, production, quality } from './schema/environments.ts';
import { eventTable, eventTrigger, listenedTo } from './schema/eventTables.ts';
import { entityNamed, storedEntities } from './schema/factory.ts';
import { metamodelRows } from './schema/metamodelRows.ts';
import { platformTables, platformViews, writablePlatformTables } from './schema/platformTables.ts';
import type { TableDescription, Value } from './schema/tables.ts';

export interface DemoOptions {
  /** An administrator's URL (`postgres://` or `mssql://`) of the server that is to hold both databases. */
  serverUrl: string;
  /** Names of the two databases; existing ones of these names are dropped. */
  sourceDatabase: string;
  destinationDatabase: string;
  /** Rows of the largest entity (order lines) in the source; all together it has about twice as many. */
  rows: number;
  seed?: number;
  /**
   * Ignore references hold ids of rows that are gone, as they do in the field (default). The spec then says that
   * such references become NULL; without orphans it leaves `missingReferences` at its default.
   */
  orphans?: boolean;
  log?: (line: string) => void;
}

export interface DemoEnvironment {
  /** The login that Caravel is given: only SELECT on the source; the rights of a data writer on the destination. */
  url: string;
  /** The owner's login, for looking and for mutating in tests. */
  ownerUrl: string;
  /** Rows of all application tables. */
  rows: number;
}

export interface DemoEnvironments {
  source: DemoEnvironment;
  destination: DemoEnvironment;
  /** Moves the application Order Management with its producer, Customer Core. */
  spec: MigrationSpecInput;
}

/** Rows of the largest entity that the destination already has: its own, which must stay as they are. */
const ownRowsOfDestination = 60;
/** Entities that nobody has used yet in the destination. */
const emptyInDestination = ['Sales.CustomerNote', 'Fulfilment.ReturnRequest', 'Fulfilment.ShipmentEvent'];

/**
 * Builds "production" and "quality": the same applications with other physical names, ids, tenants and static ids, and
 * the history that two environments gather (docs/metamodel.md §8). The same options give the same databases.
 */
export async function buildDemoEnvironments(options: DemoOptions): Promise<DemoEnvironments> {
  const { serverUrl, rows, seed = 20260115, orphans = true, log = () => {} } = options;
  if (!Number.isInteger(rows) || rows < 1) throw new Error(`Rows must be a whole number above 0, not ${rows}.`);
  const create = isSqlServer(serverUrl) ? createSqlServerDatabase : createPostgresDatabase;
  const shared = { create, serverUrl, seed, orphans, texts: textPools(seed) };
  const [source, destination] = await Promise.all([
    buildEnvironment({
      ...shared,
      environment: production,
      database: options.sourceDatabase,
      counts: rowCounts(rows),
      writable: false,
    }),
    buildEnvironment({
      ...shared,
      environment: quality,
      database: options.destinationDatabase,
      counts: rowCounts(ownRowsOfDestination, emptyInDestination),
      writable: true,
    }),
  ]);
  for (const { summary } of [source, destination]) log(summary);
  const spec: MigrationSpecInput = {
    source: production.name,
    destination: quality.name,
    scope: { applications: ['Order Management'] },
    ...(orphans ? { missingReferences: 'null' } : {}),
  };
  return { source: source.environment, destination: destination.environment, spec };
}

const isSqlServer = (url: string) => url.startsWith('mssql:');

/** Removes both databases and their logins. */
export async function dropDemoEnvironments(
  options: Pick<DemoOptions, 'serverUrl' | 'sourceDatabase' | 'destinationDatabase'>,
): Promise<void> {
  const drop = isSqlServer(options.serverUrl) ? dropSqlServerDatabase : dropPostgresDatabase;
  const databases = [options.sourceDatabase, options.destinationDatabase];
  await Promise.all(databases.map((database) => drop(options.serverUrl, database)));
}

/** Builds one of them; `summary` is a line about it for whoever watches. */
async function buildEnvironment(options: {
  create: CreateDemoDatabase;
  serverUrl: string;
  database: string;
  environment: EnvironmentDescription;
  counts: Map<string, number>;
  seed: number;
  orphans: boolean;
  texts: TextPools;
  writable: boolean;
}): Promise<{ environment: DemoEnvironment; summary: string }> {
  const { environment } = options;
  const started = performance.now();
  const metamodel = metamodelRows(environment);
  const world = createWorld({ ...options, platform: metamodel.ids });
  const application = storedEntities.map((described) => ({
    described,
    table: applicationTable(environment, described),
  }));
  const leftovers = leftoverTables(environment);
  const database = await options.create(options.serverUrl, options.database);
  try {
    const load = async (table: TableDescription, rows: Iterable<Value[]>) => {
      await database.createTable(table);
      const count = await database.load(table, rows);
      await database.addKeys(table, environment.name === 'production' ? 1 : 17);
      return count;
    };
    for (const table of platformTables) {
      const rows = metamodel.tables.get(table.name) ?? world.instances.tables.get(table.name) ?? [];
      await load(
        table,
        rows.map((row) => table.columns.map((column) => row[column.name] ?? null)),
      );
    }
    for (const view of platformViews) await database.createView(view);
    let total = 0;
    for (const { described, table } of application) total += await load(table, entityRows(world, described, table));
    for (const table of leftovers) await load(table, leftoverRows(table));
    const listened = listenedTo.map(entityNamed);
    const events = listened.map((described) => eventTable(environment, described));
    for (const [index, table] of events.entries()) {
      const rows = subscriptionRows(world, listened[index]!);
      await load(
        table,
        rows.map((row) => table.columns.map((column) => row[column.name] ?? null)),
      );
    }
    for (const table of [...platformTables, ...application.map((one) => one.table)])
      await database.addForeignKeys(table);
    // Last: what was loaded is no event.
    for (const described of listened) await database.createTrigger(eventTrigger(environment, described));
    await database.analyze();
    const writable = [...application, ...events.map((table) => ({ table }))].map((one) => one.table.name);
    writable.push(...writablePlatformTables);
    const url = options.writable
      ? await database.createLogin(`${options.database}_writer`, writable)
      : await database.createLogin(`${options.database}_reader`, []);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const processes = world.instances.tables.get('OSSYS_BPM_PROCESS')!.length;
    return {
      environment: { url, ownerUrl: database.url, rows: total },
      summary: `${environment.name}: ${total} rows in ${application.length} entities, ${processes} process instances, built in ${seconds} s`,
    };
  } finally {
    await database.close();
  }
}
