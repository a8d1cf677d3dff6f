import { existsSync } from 'node:fs';
import { startPostgres } from '../../src/services/postgres.ts';
import { startTemporal } from '../../src/services/temporal.ts';

/**
 * Vitest's global setup: one PostgreSQL and one Temporal server for the whole run. Tests find them in
 * CARAVEL_TEST_POSTGRES (URL of the superuser; each suite makes its own databases) and CARAVEL_TEST_TEMPORAL
 * (host:port).
 * @returns what stops them and fails the run if they left anything.
 */
export default async function startTestServices(): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ name: 'test', durable: false });
  const temporal = await startTemporal({ log: (line) => console.error(line) }).catch(async (error) => {
    await postgres.stop();
    throw error;
  });
  process.env.CARAVEL_TEST_POSTGRES = postgres.url;
  process.env.CARAVEL_TEST_TEMPORAL = temporal.address;
  const servers = [postgres.pid, temporal.pid].filter((pid) => pid !== null);

  return async () => {
    await temporal.stop();
    await postgres.stop();
    const left = servers.filter(isThere);
    if (left.length > 0) throw new Error(`the tests' servers were not stopped: processes ${left.join(', ')}`);
    if (existsSync(postgres.folder)) throw new Error(`the tests' PostgreSQL left ${postgres.folder}`);
  };
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
