import { alignMatched } from '../../src/alignment/alignMatched.ts';
import { readTenants } from '../../src/alignment/tenants.ts';
import { migrationSpec } from '../../src/config/migrationSpec.ts';
import { connect } from '../../src/database/connect.ts';
import { plannedEntities } from '../../src/planning/drafting/plannedEntities.ts';
import { alignPlannedPeople } from '../../src/planning/people/alignPlannedPeople.ts';
import { planScope } from '../../src/planning/planScope.ts';
import { readEnvironments } from '../../src/planning/readEnvironments.ts';
import { noExclusions } from '../../src/processes/exclusions.ts';
import type { BenchEngine, BenchSide } from './engine.ts';
import { buildBenchDatabase } from './environment.ts';

/**
 * What planning spends on people: which users the orders refer to, who of them the destination has, and what of their
 * grants. Half are there.
 */
export async function measurePeople(
  engine: BenchEngine,
  sourceUrl: string,
  side: BenchSide,
): Promise<{ users: number; seconds: number }> {
  const source = connect({ name: 'production', url: sourceUrl, readOnly: true, pool: 4 });
  const url = await buildBenchDatabase(engine, 'people', side);
  const destination = connect({ name: 'quality', url, readOnly: true, pool: 4 });
  try {
    const spec = migrationSpec.parse({
      source: 'production',
      destination: 'quality',
      scope: { applications: ['Bench'] },
    });
    const migration = { spec, ...(await readEnvironments({ source, destination })) };
    const { layout } = await planScope(migration, {});
    const { maps } = await alignMatched({ ...migration, entities: layout.matched.map(({ key }) => key) });
    const started = performance.now();
    const { ledger } = await alignPlannedPeople(migration, {
      entities: plannedEntities(layout, null),
      maps,
      tenants: await readTenants(migration.source),
      exclusions: noExclusions,
      emptied: new Map(),
      mapOf: async () => null,
    });
    const seconds = (performance.now() - started) / 1_000;
    if (ledger.filter(({ decision }) => decision === 'match').length !== side.users) {
      throw new Error('the users of the benchmark were not matched');
    }
    return { users: ledger.length, seconds };
  } finally {
    await Promise.all([source.close(), destination.close()]);
  }
}
