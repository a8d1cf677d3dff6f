import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contractTables } from '../database/contract.ts';
import { countRows, type DatabaseHarness, type TestDatabase } from '../database/harness.ts';
import { fillForLoss, kindsOfWork, LossyWay } from '../database/loss.ts';
import { postgresHarness } from '../database/postgresHarness.ts';
import { sqlserverHarness } from '../database/sqlserverHarness.ts';

/** `npm run soak -- MINUTES`: how long connections are lost at random bytes, on each engine that is there. */
const minutes = Number(process.env.CARAVEL_SOAK_MINUTES);

const harnesses: DatabaseHarness[] = [postgresHarness(process.env.CARAVEL_TEST_POSTGRES!)];
const sqlServer = process.env.CARAVEL_TEST_SQLSERVER;
if (sqlServer !== undefined) harnesses.push(sqlserverHarness(sqlServer));

describe.each(harnesses)('for a while, at random bytes of any statement', (harness) => {
  let database: TestDatabase;
  let way: LossyWay;
  const ground = { harness, database: () => database };
  beforeAll(async () => {
    database = await harness.create(contractTables);
    await fillForLoss(ground);
    way = await LossyWay.begin(ground);
  }, 120_000);
  afterAll(async () => {
    await way?.end();
    await database?.drop();
  });

  it(
    `${harness.engine}: connections are lost, each loss is called one, and no batch is there in part`,
    async () => {
      const kinds = Object.entries(kindsOfWork(ground));
      const totals = new Map<string, Awaited<ReturnType<LossyWay['measured']>>>();
      for (const [name, work] of kinds) totals.set(name, await way.measured(work));
      let losses = 0;
      for (const deadline = Date.now() + (minutes / harnesses.length) * 60_000; Date.now() < deadline; losses++) {
        const [name, work] = kinds[losses % kinds.length]!;
        const direction = Math.random() < 0.3 ? 'toServer' : 'toClient';
        const bytes = Math.floor(Math.random() * totals.get(name)![direction]);
        await way.broken(work, Math.random() < 0.5 ? 'cut' : 'reset', direction, bytes);
        if (name === 'a batch') expect((await countRows(database.rows, 'osusr_abc_Child')) % 400).toBe(0);
      }
      console.log(`${harness.engine}: ${losses} losses in ${(minutes / harnesses.length).toFixed(1)} min`);
      expect(await database.openConnections()).toBeLessThan(10);
    },
    minutes * 60_000 + 120_000,
  );
});
