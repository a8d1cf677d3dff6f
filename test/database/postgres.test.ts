import { describeDatabaseContract } from './contract.ts';
import { postgresHarness } from './postgresHarness.ts';

const url = process.env.CARAVEL_TEST_POSTGRES;
if (url === undefined) throw new Error('set CARAVEL_TEST_POSTGRES to the postgres:// URL of a superuser');

describeDatabaseContract('postgres', postgresHarness(url));
