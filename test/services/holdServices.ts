import { startServices } from '../../src/services/dev.ts';

// A process as `caravel dev` is one, without a worker and without signal handlers: holds the services of the home
// given.
try {
  const services = await startServices({ home: process.argv[2]! });
  console.log(JSON.stringify(services.addresses));
  setInterval(() => {}, 60_000);
} catch (error) {
  console.error((error as Error).message);
  process.exit((error as { exitCode?: number }).exitCode ?? 1);
}
