import type { EngineName } from '../../src/database/port.ts';

/** The engine on which this pass of a test builds its environments; vitest.config.ts has a project for each. */
export const engine: EngineName = process.env.CARAVEL_TEST_ENGINE === 'sqlserver' ? 'sqlserver' : 'postgres';

/** An administrator's URL of the server of that engine. */
export function serverUrl(): string {
  const variable = engine === 'sqlserver' ? 'CARAVEL_TEST_SQLSERVER' : 'CARAVEL_TEST_POSTGRES';
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set: run the tests with \`npm test\``);
  return url;
}

/** The schema in which that engine's environments have their tables. */
export const schema = engine === 'sqlserver' ? 'dbo' : 'public';
