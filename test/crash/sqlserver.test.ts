import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationTable } from '../../infra/demo/schema/applicationTables.ts';
import { production, quality } from '../../infra/demo/schema/environments.ts';
import { entityNamed, storedEntities } from '../../infra/demo/schema/factory.ts';
import { connect } from '../../src/database/connect.ts';
import { createMigrationTest, type MigrationTest } from '../support/migration.ts';

const url = process.env.CARAVEL_TEST_SQLSERVER;

/** A place in each step of the protocol, before or after it takes effect. */
const places = [
  ...[
    'lock:before',
    'stage:after',
    'intent:before',
    'intent:after',
    'insert:before',
    'insert:after',
    'commit:before',
  ].map((step) => `Sales.OrderLine/${step}=kill@2`),
  'Sales.OrderLine/commit:after=kill@2',
  'Sales.OrderLine/segment:after=kill@2',
  'Sales.CustomerNote/fill:after=kill',
  'Sales.CustomerNote/fillCommit:after=kill',
];

/** What order lines mean, with plain SQL: none of it goes through the engine. */
function lines(side: typeof production): string {
  const table = (name: string) => `dbo.[${applicationTable(side, entityNamed(name)).name}]`;
  return `SELECT o.NUMBER, l.${side === production ? 'LINE_POSITION' : 'POSITION'}, CAST(l.QUANTITY AS varchar(20)), CAST(l.UNITPRICE AS varchar(40)), l.DESCRIPTION, p.NAME, c.NAME
    FROM ${table('Sales.OrderLine')} AS l
    JOIN ${table('Sales.Order')} AS o ON o.ID = l.ORDERID
    LEFT JOIN ${table('ProductCatalog.Product')} AS p ON p.ID = l.PRODUCTID
    LEFT JOIN ${table('CustomerCore.Customer')} AS c ON c.ID = o.CUSTOMERID`;
}

/** Rows of each entity's table, by the entity's name. */
async function counts(address: string, side: typeof production): Promise<Map<string, number>> {
  return onDatabase(address, async (database) => {
    const found = new Map<string, number>();
    for (const described of storedEntities) {
      const [row] = await database.query(`SELECT COUNT(*) FROM dbo.[${applicationTable(side, described).name}]`);
      found.set(`${described.espace}.${described.name}`, Number(row![0]));
    }
    return found;
  });
}

async function onDatabase<T>(address: string, work: (database: ReturnType<typeof connect>) => Promise<T>): Promise<T> {
  const database = connect({ name: 'look', url: address, readOnly: false, pool: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const meaningOf = (address: string, side: typeof production) =>
  onDatabase(address, async (database) => (await database.query(lines(side))).map((row) => JSON.stringify(row)).sort());

describe.runIf(url !== undefined)('on SQL Server, workers killed at places of the protocol and at any moment', () => {
  let migration: MigrationTest;
  beforeAll(async () => {
    migration = await createMigrationTest('caravel_kill', { rows: 600, orphans: false, environmentsUrl: url! });
  }, 600_000);
  afterAll(() => migration?.cleanUp());

  it('leave every row in the destination exactly once, with every reference right', async () => {
    const { source, destination } = migration.environments;
    const before = await counts(destination.ownerUrl, quality);
    const linesBefore = new Set(await meaningOf(destination.ownerUrl, quality));
    const run = await migration.start('killed', { batchRows: 50, concurrency: 1 });
    for (const place of places) {
      const worker = migration.startWorker({ CARAVEL_FAILPOINTS: place });
      const ended = await Promise.race([worker.ended, run.result().then(() => 'the run ended without passing it')]);
      expect(ended, `${place}\n${worker.output()}`).toBe('SIGKILL');
      const random = migration.startWorker();
      await Promise.race([pause(1_000 + Math.random() * 4_000), random.ended]);
      random.process.kill('SIGKILL');
      await random.ended;
      if ((await run.describe()).status.name !== 'RUNNING') break;
    }
    migration.startWorker();
    const result = await run.result();
    expect(result.status).toBe('completed');
    expect(result.entities.filter(({ verified }) => !verified)).toEqual([]);

    const ofSource = await counts(source.ownerUrl, production);
    const after = await counts(destination.ownerUrl, quality);
    for (const entity of result.entities) {
      const name = `${entity.espace}.${entity.entity}`;
      expect(after.get(name), name).toBe(before.get(name)! + ofSource.get(name)!);
    }
    const migrated = (await meaningOf(destination.ownerUrl, quality)).filter((line) => !linesBefore.has(line));
    expect(migrated).toEqual(await meaningOf(source.ownerUrl, production));
  }, 1_500_000);
});
